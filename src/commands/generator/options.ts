/** Generates the types of options objects, their run-time rules, and the statements that send them. Pure. */
import type { CommandSpec, Group, Kind, Limit, Option, OptionItem, Options } from "../table/dsl.js";
import { docComment } from "./text.js";

const isGroup = (item: OptionItem): item is Group => "group" in item;
const isLimit = (item: OptionItem): item is Limit => "limit" in item;

const isHidden = (item: OptionItem): boolean => "hidden" in item && item.hidden === true;

/** The type of options in a method's implementation: hidden options included. */
export function innerType(options: Options): string {
  const hidden = flatOptions(options).filter(isHidden);
  const parts = hidden.map(({ name, kind }) => `readonly ${name}?: ${kind?.type} | undefined`);
  return parts.length === 0 ? options.type : `${options.type} & { ${parts.join("; ")} }`;
}

/** All options in order, groups and limits flattened. */
export function flatOptions(options: Options): Option[] {
  return options.items.flatMap((item) =>
    isGroup(item) ? item.members : isLimit(item) ? item.limit : [item],
  );
}

const typeOf = (option: Option): string => option.kind?.type ?? "boolean";

/** An optional or required property. */
function property(option: Option, indent: string): string {
  const doc = docComment([option.doc], indent);
  const type = typeOf(option);
  return option.required === true
    ? `${doc}${indent}readonly ${option.name}: ${type};\n`
    : `${doc}${indent}readonly ${option.name}?: ${type} | undefined;\n`;
}

/** A property that must not be set. */
function absent(option: Option, indent: string): string {
  const off = option.kind === undefined ? "false | undefined" : "undefined";
  return `${indent}readonly ${option.name}?: ${off};\n`;
}

/** A property that must be set. */
function given(option: Option, indent: string): string {
  const type = option.kind === undefined ? "true" : option.kind.type;
  return `${docComment([option.doc], indent)}${indent}readonly ${option.name}: ${type};\n`;
}

/** The option with the given name. */
export function optionNamed(spec: CommandSpec, name: string): Option {
  const options = spec.options === undefined ? [] : flatOptions(spec.options);
  const found = options.find((option) => option.name === name);
  if (found === undefined) throw new Error(`${spec.name}: no option ${name}`);
  return found;
}

/** The largest allowed combinations of a group's members. */
function combinationsOf(group: Group): readonly (readonly string[])[] {
  return group.together ?? group.members.map((member) => [member.name]);
}

/** The members in the generated type. */
const visibleIn = (group: Group): Option[] => group.members.filter((member) => !isHidden(member));

/** A group with one visible member has no type of its own. */
const hasType = (item: OptionItem): item is Group => isGroup(item) && visibleIn(item).length > 1;

function groupType(group: Group): string {
  const indent = "      ";
  const visible = visibleIn(group);
  const variants = combinationsOf(group).map((names) => {
    const lines = visible.map((member) => {
      if (!names.includes(member.name)) return absent(member, indent);
      return group.required === true ? given(member, indent) : property(member, indent);
    });
    return `  | {\n${lines.join("")}    }`;
  });
  return `${docComment([group.doc], "")}export type ${group.group} =\n${variants.join("\n")};\n`;
}

function optionsType(options: Options, users: readonly string[]): string {
  const doc = docComment([`Options of ${users.join(", ")}.`], "");
  const groups = options.items.filter(hasType).map((item) => item.group);
  const own = options.items.flatMap((item) => {
    if (isGroup(item)) return hasType(item) ? [] : visibleIn(item);
    return isHidden(item) ? [] : isLimit(item) ? item.limit : [item];
  });
  const body = own.map((option) => property(option, "  ")).join("");
  if (groups.length === 0) return `${doc}export interface ${options.type} {\n${body}}\n`;
  const parts = own.length === 0 ? groups : [...groups, `{\n${body}}`];
  return `${doc}export type ${options.type} = ${parts.join(" & ")};\n`;
}

/** The types of all options objects; types shared between commands appear once. */
export function optionTypes(specs: readonly CommandSpec[]): string[] {
  const groups = new Map<string, Group>();
  const types = new Map<string, Options>();
  const texts: string[] = [];
  for (const spec of specs) {
    if (spec.options === undefined) continue;
    for (const item of spec.options.items) {
      if (!hasType(item)) continue;
      if (isNew(groups, item.group, item)) texts.push(groupType(item));
    }
    const { options } = spec;
    if (!isNew(types, options.type, options)) continue;
    const users = specs.filter((other) => other.options === options).map((other) => other.name);
    texts.push(optionsType(options, [...new Set(users)]));
  }
  return texts;
}

/** Register a type by name; return whether it is new. */
function isNew<T>(known: Map<string, T>, name: string, value: T): boolean {
  const before = known.get(name);
  if (before !== undefined && before !== value) {
    throw new Error(`two different option types are called ${name}`);
  }
  known.set(name, value);
  return before === undefined;
}

/** Whether `a` and `b` exclude each other. */
function conflicts(group: Group, a: string, b: string): boolean {
  return a !== b && !combinationsOf(group).some((names) => names.includes(a) && names.includes(b));
}

/** Name of the constant with the rules of an options object. */
export const rulesName = (options: Options): string =>
  options.type
    .replace(/Options$/, "")
    .replace(/(?<=[a-z])(?=[A-Z])/g, "_")
    .toUpperCase()
    .concat("_OPTIONS");

/** The constant with the rules: each name with its bit and the bits of the options it excludes. */
export function rulesText(options: Options): string {
  const flat = flatOptions(options);
  const bitOf = new Map(flat.map((option, i) => [option.name, 1 << i]));
  const groupOf = new Map<string, Group>(
    options.items
      .filter(isGroup)
      .flatMap((group) => group.members.map((member): [string, Group] => [member.name, group])),
  );
  const lines = flat.map(({ name }) => {
    const group = groupOf.get(name);
    const excluded = group?.members.filter((member) => conflicts(group, name, member.name)) ?? [];
    const mask = excluded.reduce((sum, other) => sum | (bitOf.get(other.name) ?? 0), 0);
    return `  ${name}: [${bitOf.get(name)}, ${mask}],\n`;
  });
  return `const ${rulesName(options)}: OptionRules = {\n${lines.join("")}};\n`;
}

/** The statements that check and add the options, one line each. */
export function optionStatements(options: Options, token: (text: string) => string): string[] {
  const lines: string[] = [];
  for (const item of options.items) {
    if (isLimit(item)) lines.push(...limitLines(item, token));
    else if (isGroup(item)) lines.push(...groupLines(item, token));
    else if (item.silent !== true) lines.push(optionLine(item, token));
  }
  return lines;
}

/** The last argument of a check: the allowed keywords, or the minimum. */
export function lastArgument({ words, min }: Kind, token: (text: string) => string): string {
  if (words !== undefined) return `, ${token(words.join(" "))}`;
  return min === undefined ? "" : `, ${min}`;
}

function optionLine(option: Option, token: (text: string) => string): string {
  const value = `options.${option.name}`;
  const path = `"options.${option.name}"`;
  if (option.kind === undefined) {
    if (option.token === undefined) return `args.boolean(${path}, ${value});`;
    return `args.flag(${path}, ${token(option.token)}, ${value});`;
  }
  const check = option.kind.check ?? "value";
  const keyword = option.token === undefined ? "" : `.add(${token(option.token)})`;
  const call = `args${keyword}.${check}(${path}, ${value}${lastArgument(option.kind, token)});`;
  return option.required === true ? call : `if (${value} !== undefined) ${call}`;
}

function groupLines(group: Group, token: (text: string) => string): string[] {
  const lines = group.members
    .filter((member) => member.silent !== true)
    .map((member) => optionLine(member, token));
  // An argument builder that adds the members also checks for a missing one.
  if (group.required !== true || lines.length === 0) return lines;
  const names = group.members.map((member) => `"${member.name}"`).join(", ");
  const tests = group.members.map((member) =>
    member.kind === undefined
      ? `options.${member.name} !== true`
      : `options.${member.name} === undefined`,
  );
  return [
    `if (${tests.join(" && ")}) args.fail('one of the options ${names} must be given');`,
    ...lines,
  ];
}

function limitLines({ limit, token: keyword }: Limit, token: (text: string) => string): string[] {
  const [offset, count] = limit;
  return [
    `if (options.${offset.name} !== undefined || options.${count.name} !== undefined) {`,
    `  args.limit(${token(keyword)}, ["${offset.name}", options.${offset.name}], ["${count.name}", options.${count.name}]);`,
    "}",
  ];
}
