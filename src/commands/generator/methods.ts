/** Owns the text of generated methods: signatures, bodies, aliases. Pure. */
import type { CommandSpec, Options, Param, ReplySpec } from "../table/dsl.js";
import { methodDoc } from "./docs.js";
import { wireOrder } from "./infos.js";
import { innerType, limitText, optionStatements, rulesName } from "./options.js";
import { constantName, enclose, hostType, methodName } from "./text.js";

/** What printing a method may need of the file around it. */
export interface MethodContext {
  /** Import a hand-written function or class and give its name. */
  fn(fn: unknown): string;
  /** Import the constant of a command and give its name. */
  info(name: string): string;
  /** Import a helper of `args.ts` and give its name. */
  helper(name: string): string;
  /** Note a constant word, or several for a choice, and give the expression for it. */
  token(text: string): string;
}

interface SignatureText {
  /** What the method gives when that is no reply. */
  readonly gives?: string;
  readonly generics: string;
  readonly params: readonly string[];
  readonly type: string;
  readonly returns: string;
}

function paramText(param: Param): string {
  const type = param.kind.type;
  if (param.rest === true) return `...${param.name}: Many<${type}>[]`;
  if (param.fallback !== undefined) return `${param.name}: ${type} = ${param.fallback}`;
  return param.optional === true ? `${param.name}?: ${type}` : `${param.name}: ${type}`;
}

/** As in a declaration: a default becomes an optional parameter. */
function declaredText(param: Param): string {
  return param.fallback === undefined ? paramText(param) : `${param.name}?: ${param.kind.type}`;
}

/** The same where a required parameter follows. */
const requiredText = (declared: string): string =>
  declared.replace(/^(\w+)\?: (.*)$/, "$1: $2 | undefined");

function needsOptions(spec: CommandSpec): boolean {
  return spec.options?.items.some((item) => "required" in item && item.required === true) ?? false;
}

function optionsText(spec: CommandSpec): string[] {
  if (spec.options === undefined) return [];
  return [`options${needsOptions(spec) ? "" : "?"}: ${spec.options.type}`];
}

function innerOptionsText(spec: CommandSpec): string[] {
  if (spec.options === undefined) return [];
  return [`options${needsOptions(spec) ? "" : "?"}: ${innerType(spec.options)}`];
}

/** The signatures a caller sees when the reply depends on what is passed. */
function overloads(spec: CommandSpec): SignatureText[] {
  if (spec.signatures !== undefined) {
    return spec.signatures.map(({ generics = "", params, type, returns }) => ({
      generics,
      params: splitParams(params),
      type,
      returns,
    }));
  }
  const [only, ...others] = spec.cases ?? [];
  if (only === undefined) return [];
  if (others.length > 0) throw new Error(`${spec.name}: several cases need explicit signatures`);
  const byParam = spec.args.findIndex((arg) => arg.name === only.given);
  if (byParam >= 0) return paramOverloads(spec, byParam);
  return optionOverloads(spec);
}

/** Split a written parameter list at its top-level commas. */
function splitParams(text: string): string[] {
  const params: string[] = [];
  let depth = 0;
  let from = 0;
  for (const [i, character] of [...text].entries()) {
    if ("([{<".includes(character)) depth++;
    else if (")]}".includes(character) || (character === ">" && text[i - 1] !== "=")) depth--;
    else if (character === "," && depth === 0) {
      params.push(text.slice(from, i).trim());
      from = i + 1;
    }
  }
  const last = text.slice(from).trim();
  return last === "" ? params : [...params, last];
}

function caseOf(spec: CommandSpec): NonNullable<CommandSpec["cases"]>[number] {
  const only = spec.cases?.[0];
  if (only === undefined) throw new Error(`${spec.name}: no case`);
  return only;
}

function paramOverloads(spec: CommandSpec, at: number): SignatureText[] {
  const { given, reply, returns } = caseOf(spec);
  const before = spec.args.slice(0, at).map(declaredText);
  const decisive = spec.args.slice(at, at + 1).map((arg) => `${arg.name}: ${arg.kind.type}`);
  const perhaps = spec.args.slice(at, at + 1).map(declaredText);
  const after = spec.args.slice(at + 1).map(declaredText);
  return [
    { generics: "", params: before, type: spec.reply.type, returns: spec.returns },
    {
      generics: "",
      params: [...before, ...decisive, ...after, ...optionsText(spec)],
      type: reply.type,
      returns,
    },
    {
      generics: "",
      params: [...before, ...perhaps, ...after, ...optionsText(spec)],
      type: unionType(spec),
      returns: `As the other signatures say, by whether \`${given}\` is given.`,
    },
  ];
}

function optionOverloads(spec: CommandSpec): SignatureText[] {
  const { given, reply, returns } = caseOf(spec);
  const type = spec.options?.type ?? "";
  const option = optionNamed(spec, given);
  const before = spec.args.map(declaredText);
  const on = option.kind === undefined ? "true" : option.kind.type;
  const off = option.kind === undefined ? "false | undefined" : "undefined";
  return [
    {
      generics: "",
      params: [...before, `options?: ${type} & { readonly ${given}?: ${off} }`],
      type: spec.reply.type,
      returns: spec.returns,
    },
    {
      generics: "",
      params: [...before.map(requiredText), `options: ${type} & { readonly ${given}: ${on} }`],
      type: reply.type,
      returns,
    },
    {
      generics: "",
      params: [...before, `options?: ${type}`],
      type: unionType(spec),
      returns: `As the other signatures say, by whether \`${given}\` is set.`,
    },
  ];
}

function optionNamed(spec: CommandSpec, name: string) {
  const items = spec.options?.items ?? [];
  for (const item of items) {
    const found =
      "group" in item
        ? item.members.find((member) => member.name === name)
        : "limit" in item
          ? item.limit.find((member) => member.name === name)
          : item.name === name
            ? item
            : undefined;
    if (found !== undefined) return found;
  }
  throw new Error(`${spec.name}: no option ${name}`);
}

/** Every type the method may give, as one. */
function unionType(spec: CommandSpec): string {
  if (spec.signatures?.some(({ generics }) => generics !== undefined) === true) return "never";
  const types = [
    spec.reply.type,
    ...(spec.cases ?? []).map(({ reply }) => reply.type),
    ...(spec.signatures ?? []).map(({ type }) => type),
  ];
  return [...new Set(types.flatMap((type) => type.split(/ \| (?![^([]*[)\]])/)))].join(" | ");
}

function head(name: string, signature: SignatureText, end: string): string {
  const gives = signature.gives ?? `Reply<H, ${hostType(signature.type)}>`;
  const close = `): ${gives}${end}`;
  return enclose(`${name}${signature.generics}(`, signature.params.map(hostType), {
    close,
    indent: "  ",
  });
}

/** The decoder argument of this call, or undefined when the command's own serves always. */
function decoderText(spec: CommandSpec, context: MethodContext): string | undefined {
  if (spec.pick !== undefined) {
    return `${context.fn(spec.pick.pick)}(${spec.pick.with.join(", ")})`;
  }
  const cases = (spec.cases ?? []).filter(({ reply }) => reply.decode !== spec.reply.decode);
  if (cases.length === 0) return undefined;
  const tests = cases.map(({ given, reply }) => {
    const decoder = decoderName(reply, context);
    return `${conditionText(spec, given)} ? ${decoder} : `;
  });
  return `${tests.join("")}undefined`;
}

function decoderName(reply: ReplySpec, context: MethodContext): string {
  return reply.decode === null ? "null" : context.fn(reply.decode);
}

function conditionText(spec: CommandSpec, given: string): string {
  if (spec.args.some((arg) => arg.name === given)) return `${given} !== undefined`;
  const flag = optionNamed(spec, given).kind === undefined;
  return flag ? `options?.${given} === true` : `options?.${given} !== undefined`;
}

/** Whether a parameter goes to the encoder as it is. */
const isFree = (param: Param): boolean =>
  param.kind.check === undefined && param.rest !== true && param.optional !== true;

/** Whether a parameter can be undefined; a rest parameter is empty instead. */
const mayBeMissing = (param: Param): boolean => param.optional === true && param.rest !== true;

interface Wire {
  /** Expressions known from the start. */
  readonly initial: string[];
  readonly statements: string[];
}

function wireOf(spec: CommandSpec, context: MethodContext): Wire {
  const wire: Wire = { initial: [], statements: [] };
  for (const item of wireOrder(spec)) {
    const expression = freeExpression(spec, item, context);
    if (expression !== undefined && wire.statements.length === 0) wire.initial.push(expression);
    else if (expression !== undefined) wire.statements.push(`args.add(${expression});`);
    else wire.statements.push(...statementsFor(spec, item, context));
  }
  return wire;
}

type WireItem = ReturnType<typeof wireOrder>[number];

function freeExpression(
  spec: CommandSpec,
  item: WireItem,
  context: MethodContext,
): string | undefined {
  if (typeof item !== "string" || item === "options") return undefined;
  if (item.startsWith('"')) return item === '""' ? item : context.token(item.slice(1, -1));
  const param = paramNamed(spec, item);
  return isFree(param) ? item : undefined;
}

function paramNamed(spec: CommandSpec, name: string): Param {
  const param = spec.args.find((arg) => arg.name === name);
  if (param === undefined) throw new Error(`${spec.name}: no parameter ${name}`);
  return param;
}

function statementsFor(spec: CommandSpec, item: WireItem, context: MethodContext): string[] {
  if (typeof item !== "string") {
    return [`${context.fn(item.build)}(${["args", ...item.with].join(", ")});`];
  }
  if (item === "options") return optionsBlock(spec, context);
  const param = paramNamed(spec, item);
  const { check = "free" } = param.kind;
  const call = `args.${check}('"${item}"', ${item}${limitText(param.kind, context.token)});`;
  return [mayBeMissing(param) ? `if (${item} !== undefined) ${call}` : call];
}

/** The call that checks the options as a whole. */
function optionsCheck(options: Options, needed: boolean): string {
  return `args.options(options, ${rulesName(options)}${needed ? ", true" : ""})`;
}

/** Whether the options are checked before the words that go out before them. */
function checksEarly(spec: CommandSpec): boolean {
  const at = wireOrder(spec).indexOf("options");
  return wireOrder(spec)
    .slice(0, at)
    .some((item) => typeof item !== "string");
}

function optionsBlock(spec: CommandSpec, context: MethodContext): string[] {
  if (spec.options === undefined) throw new Error(`${spec.name}: no options`);
  const statements = optionStatements(spec.options, (text) => context.token(text));
  const check = checksEarly(spec) ? "given" : optionsCheck(spec.options, needsOptions(spec));
  if (statements.length === 0) return [`${check};`];
  return [`if (${check}) {`, ...statements.map((line) => `  ${line}`), "}"];
}

/** A first line that serves calls without anything optional straight, when there are such. */
function shortcut(spec: CommandSpec, context: MethodContext): string[] {
  const skipped = [
    ...spec.args.filter(mayBeMissing).map((arg) => arg.name),
    ...(spec.options === undefined ? [] : ["options"]),
  ];
  const free = spec.args.every((arg) => mayBeMissing(arg) || isFree(arg));
  const custom = wireOrder(spec).some((item) => typeof item !== "string");
  if (skipped.length === 0 || !free || custom || needsOptions(spec)) return [];
  const words = wireOrder(spec)
    .map((item) => freeExpression(spec, item, context))
    .filter((text) => text !== undefined);
  const test = skipped.map((name) => `${name} === undefined`).join(" && ");
  return [`if (${test}) return this.run(${constantName(spec.name)}, [${words.join(", ")}]);`];
}

/** The body of a method that gives an object to collect the arguments with. */
function builderLines(spec: CommandSpec, context: MethodContext): string[] {
  const info = context.info(constantName(spec.name));
  const words = wireOrder(spec)
    .map((item) => freeExpression(spec, item, context))
    .filter((text) => text !== undefined);
  return [
    `return new ${context.fn(spec.builder)}<H>(`,
    `  () => new ${context.helper("ArgList")}(${info}, [${words.join(", ")}]),`,
    `  (args) => this.send(${info}, args),`,
    ...(spec.args.some((arg) => arg.name === "options") ? ["  options,"] : []),
    ");",
  ];
}

function bodyLines(spec: CommandSpec, context: MethodContext): string[] {
  if (spec.builder !== undefined) return builderLines(spec, context);
  const info = context.info(constantName(spec.name));
  const lines: string[] = [];
  if (spec.delegate !== undefined) {
    const { given, to } = spec.delegate;
    const passed = spec.args.map((arg) => arg.name).join(", ");
    lines.push(`if (${given} !== undefined) return this.${to}(${passed});`);
    const words = spec.args.filter((arg) => arg.name !== given).map((arg) => arg.name);
    return [...lines, `return this.run(${info}, [${words.join(", ")}]);`];
  }
  const rest = spec.args.find((arg) => arg.rest === true)?.name;
  if (spec.whenEmpty !== undefined) {
    context.helper("isEmpty");
    lines.push(`if (isEmpty(${rest})) return this.resolve(${info}, ${spec.whenEmpty});`);
  }
  const wire = wireOf(spec, context);
  const decoder = decoderText(spec, context);
  const last = decoder === undefined ? "" : `, ${decoder}`;
  if (wire.statements.length === 0) {
    return [...lines, `return this.run(${info}, [${wire.initial.join(", ")}]${last});`];
  }
  context.helper("ArgList");
  const initial = wire.initial.length === 0 ? "" : `, [${wire.initial.join(", ")}]`;
  return [
    ...lines,
    ...shortcut(spec, context),
    `const args = new ArgList(${info}${initial});`,
    ...(spec.options !== undefined && checksEarly(spec)
      ? [`const given = ${optionsCheck(spec.options, needsOptions(spec))};`]
      : []),
    ...wire.statements,
    `return this.send(${info}, args${last});`,
  ];
}

/** Name of an entry's method. */
export const nameOf = (spec: CommandSpec): string => spec.method ?? methodName(spec.name);

/** A statement on its own line, or a one-line condition broken in two when it is too long. */
function statementText(line: string, indent: string): string {
  const conditional = /^(\s*)(if \(.*?\)) (args\..*)$/.exec(line);
  if (conditional === null || indent.length + line.length <= 100) return `${indent}${line}\n`;
  const [, inner = "", condition = "", action = ""] = conditional;
  const deep = `${indent}${inner}`;
  return `${deep}${condition} {\n${deep}  ${action}\n${deep}}\n`;
}

function printed(
  spec: CommandSpec,
  name: string,
  lines: readonly string[],
  alias?: string,
): string {
  const own: SignatureText = {
    ...(spec.builder === undefined ? {} : { gives: `${spec.builder.name}<H>` }),
    generics: "",
    params: [...spec.args.map(paramText), ...innerOptionsText(spec)],
    type: unionType(spec),
    returns: spec.returns,
  };
  const declared = overloads(spec);
  const docOf = ({ params, returns }: SignatureText) => methodDoc(spec, { params, returns, alias });
  const body = lines.map((line) => statementText(line, "    ")).join("");
  const implementation = `${head(name, own, " {")}\n${body}  }\n`;
  if (declared.length === 0) return `${docOf(own)}${implementation}`;
  const signatures = declared.map(
    (signature) => `${docOf(signature)}${head(name, signature, ";")}\n`,
  );
  return `${signatures.join("")}${implementation}`;
}

/** The text of a command's method and of its aliases. */
export function methodText(spec: CommandSpec, context: MethodContext): string {
  const name = nameOf(spec);
  const method = printed(spec, name, bodyLines(spec, context));
  const aliases = (spec.aliases ?? []).map((alias) => {
    const passed = spec.args.map((arg) => (arg.rest === true ? `...${arg.name}` : arg.name));
    if (spec.options !== undefined) throw new Error(`${spec.name}: an alias cannot have options`);
    return printed(spec, alias, [`return this.${name}(${passed.join(", ")});`], `\`${name}\``);
  });
  return [method, ...aliases].join("\n");
}
