/** Owns the text of option types (`options.ts`) and of the rules that are checked at run time. Pure. */
import type { CommandSpec, Group, Kind, Limit, Option, OptionItem, Options } from "../table/dsl.js";
import { docComment } from "./text.js";

const isGroup = (item: OptionItem): item is Group => "group" in item;
const isLimit = (item: OptionItem): item is Limit => "limit" in item;

const isHidden = (item: OptionItem): boolean => "hidden" in item && item.hidden === true;

/** The options type as a method's body sees it: with what only some signatures name. */
export function innerType(options: Options): string {
  const hidden = flatOptions(options).filter(isHidden);
  const parts = hidden.map(({ name, kind }) => `readonly ${name}?: ${kind?.type} | undefined`);
  return parts.length === 0 ? options.type : `${options.type} & { ${parts.join("; ")} }`;
}

/** Every single option, in order. */
export function flatOptions(options: Options): Option[] {
  return options.items.flatMap((item) =>
    isGroup(item) ? item.members : isLimit(item) ? item.limit : [item],
  );
}

const typeOf = (option: Option): string => option.kind?.type ?? "boolean";

function property(option: Option, indent: string): string {
  const doc = docComment([option.doc], indent);
  const type = typeOf(option);
  return option.required === true
    ? `${doc}${indent}readonly ${option.name}: ${type};\n`
    : `${doc}${indent}readonly ${option.name}?: ${type} | undefined;\n`;
}

function absent(option: Option, indent: string): string {
  const off = option.kind === undefined ? "false | undefined" : "undefined";
  return `${indent}readonly ${option.name}?: ${off};\n`;
}

function given(option: Option, indent: string): string {
  const type = option.kind === undefined ? "true" : option.kind.type;
  return `${docComment([option.doc], indent)}${indent}readonly ${option.name}: ${type};\n`;
}

/** The largest sets of a group's members that may stand together. */
function variantsOf(group: Group): readonly (readonly string[])[] {
  return group.together ?? group.members.map((member) => [member.name]);
}

const shownIn = (group: Group): Option[] => group.members.filter((member) => !isHidden(member));

/** A group of which the type shows one member only is just that option. */
const hasType = (item: OptionItem): item is Group => isGroup(item) && shownIn(item).length > 1;

function groupType(group: Group): string {
  const indent = "      ";
  const shown = shownIn(group);
  const variants = variantsOf(group).map((names) => {
    const lines = shown.map((member) => {
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
    if (isGroup(item)) return hasType(item) ? [] : shownIn(item);
    return isHidden(item) ? [] : isLimit(item) ? item.limit : [item];
  });
  const body = own.map((option) => property(option, "  ")).join("");
  if (groups.length === 0) return `${doc}export interface ${options.type} {\n${body}}\n`;
  const parts = own.length === 0 ? groups : [...groups, `{\n${body}}`];
  return `${doc}export type ${options.type} = ${parts.join(" & ")};\n`;
}

/** The types of all options objects; those shared between commands once. */
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
  return a !== b && !variantsOf(group).some((names) => names.includes(a) && names.includes(b));
}

/** Name of the rules constant. */
export const rulesName = (options: Options): string =>
  options.type
    .replace(/Options$/, "")
    .replace(/(?<=[a-z])(?=[A-Z])/g, "_")
    .toUpperCase()
    .concat("_OPTIONS");

/** The run-time rules of an options object: each name with its bit and the bits it excludes. */
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
    const rivals = group?.members.filter((member) => conflicts(group, name, member.name)) ?? [];
    const mask = rivals.reduce((sum, rival) => sum | (bitOf.get(rival.name) ?? 0), 0);
    return `  ${name}: [${bitOf.get(name)}, ${mask}],\n`;
  });
  return `const ${rulesName(options)}: OptionRules = {\n${lines.join("")}};\n`;
}

/** The statements that put the given options on the wire, one line each. */
export function optionStatements(options: Options, token: (text: string) => string): string[] {
  const lines: string[] = [];
  for (const item of options.items) {
    if (isLimit(item)) lines.push(...limitLines(item, token));
    else if (isGroup(item)) lines.push(...groupLines(item, token));
    else if (item.silent !== true) lines.push(optionLine(item, token));
  }
  return lines;
}

/** The last argument of a check: the words a value may be, or the least it may be. */
export function limitText({ words, least }: Kind, token: (text: string) => string): string {
  if (words !== undefined) return `, ${token(words.join(" "))}`;
  return least === undefined ? "" : `, ${least}`;
}

function optionLine(option: Option, token: (text: string) => string): string {
  const value = `options.${option.name}`;
  const what = `'option "${option.name}"'`;
  if (option.kind === undefined) {
    if (option.token === undefined) return `args.boolean(${what}, ${value});`;
    return `args.flag(${what}, ${token(option.token)}, ${value});`;
  }
  const check = option.kind.check ?? "free";
  const word = option.token === undefined ? "" : `.add(${token(option.token)})`;
  const call = `args${word}.${check}(${what}, ${value}${limitText(option.kind, token)});`;
  return option.required === true ? call : `if (${value} !== undefined) ${call}`;
}

function groupLines(group: Group, token: (text: string) => string): string[] {
  const lines = group.members
    .filter((member) => member.silent !== true)
    .map((member) => optionLine(member, token));
  // Where a custom builder sends the members, it also says when one is missing.
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

function limitLines({ limit, token: word }: Limit, token: (text: string) => string): string[] {
  const [offset, count] = limit;
  return [
    `if (options.${offset.name} !== undefined || options.${count.name} !== undefined) {`,
    `  args.limit(${token(word)}, ["${offset.name}", options.${offset.name}], ["${count.name}", options.${count.name}]);`,
    "}",
  ];
}
