/** Generates the statements of method bodies. Pure. */
import type { CommandSpec, Options, Param, ReplySpec } from "../table/dsl.js";
import { wireOrder } from "./infos.js";
import { lastArgument, optionNamed, optionStatements, rulesName } from "./options.js";
import { mostArguments, needsOptions } from "./signatures.js";
import { constantName } from "./text.js";

/** Imports into the generated file. Each function returns the expression to use. */
export interface BodyContext {
  /** Import a hand-written function or class that the table refers to. */
  exported(value: unknown): string;
  /** Import the `CommandInfo` constant of a command. */
  info(name: string): string;
  /** Import a value of a file in `core/`. */
  core(name: string, file: string): string;
  /** Add a keyword, or several separated by spaces for a choice. */
  token(text: string): string;
}

/** The expression for the decoder of a call; undefined when it is always the command's own. */
function decoderText(spec: CommandSpec, context: BodyContext): string | undefined {
  if (spec.pick !== undefined) {
    return `${context.exported(spec.pick.pick)}(${spec.pick.with.join(", ")})`;
  }
  const cases = (spec.cases ?? []).filter(({ reply }) => reply.decode !== spec.reply.decode);
  if (cases.length === 0) return undefined;
  const tests = cases.map(({ given, reply }) => {
    const decoder = decoderName(reply, context);
    return `${conditionText(spec, given)} ? ${decoder} : `;
  });
  return `${tests.join("")}undefined`;
}

function decoderName(reply: ReplySpec, context: BodyContext): string {
  return reply.decode === null ? "null" : context.exported(reply.decode);
}

function conditionText(spec: CommandSpec, given: string): string {
  if (spec.args.some((arg) => arg.name === given)) return `${given} !== undefined`;
  const isFlag = optionNamed(spec, given).kind === undefined;
  return isFlag ? `options?.${given} === true` : `options?.${given} !== undefined`;
}

/** Whether a parameter is passed to the encoder unchecked. */
const isUnchecked = (param: Param): boolean =>
  param.kind.check === undefined && param.rest !== true && param.optional !== true;

/** Whether a parameter can be undefined; a rest parameter is empty instead. */
const canBeUndefined = (param: Param): boolean => param.optional === true && param.rest !== true;

interface WireText {
  /** Expressions of the leading arguments that need no check. */
  readonly initial: string[];
  /** Statements that add the other arguments. */
  readonly statements: string[];
}

function wireText(spec: CommandSpec, context: BodyContext): WireText {
  const wire: WireText = { initial: [], statements: [] };
  for (const item of wireOrder(spec)) {
    const expression = uncheckedExpression(spec, item, context);
    if (expression !== undefined && wire.statements.length === 0) wire.initial.push(expression);
    else if (expression !== undefined) wire.statements.push(`args.add(${expression});`);
    else wire.statements.push(...statementsFor(spec, item, context));
  }
  return wire;
}

type WireItem = ReturnType<typeof wireOrder>[number];

/** The expression of a keyword or an unchecked parameter; undefined for anything else. */
function uncheckedExpression(
  spec: CommandSpec,
  item: WireItem,
  context: BodyContext,
): string | undefined {
  if (typeof item !== "string" || item === "options") return undefined;
  if (item.startsWith('"')) return item === '""' ? item : context.token(item.slice(1, -1));
  const param = paramNamed(spec, item);
  return isUnchecked(param) ? item : undefined;
}

const uncheckedExpressions = (spec: CommandSpec, context: BodyContext): string[] =>
  wireOrder(spec)
    .map((item) => uncheckedExpression(spec, item, context))
    .filter((text) => text !== undefined);

function paramNamed(spec: CommandSpec, name: string): Param {
  const param = spec.args.find((arg) => arg.name === name);
  if (param === undefined) throw new Error(`${spec.name}: no parameter ${name}`);
  return param;
}

function statementsFor(spec: CommandSpec, item: WireItem, context: BodyContext): string[] {
  if (typeof item !== "string") {
    return [`${context.exported(item.build)}(${["args", ...item.with].join(", ")});`];
  }
  if (item === "options") return optionsBlock(spec, context);
  const param = paramNamed(spec, item);
  const { check = "value" } = param.kind;
  const last = lastArgument(param.kind, context.token);
  const call = `args.${check}("${item}", ${item}${last});`;
  return [canBeUndefined(param) ? `if (${item} !== undefined) ${call}` : call];
}

/** The condition of the statements for options that may be left out. */
const GIVEN = "if (options !== undefined)";

/** The statement that checks the options object as a whole. */
function optionsCheck(options: Options): string {
  return `options = args.options(options, ${rulesName(options)});`;
}

/** Whether options are checked first, because an argument builder before them reads them. */
function checksEarly(spec: CommandSpec): boolean {
  const at = wireOrder(spec).indexOf("options");
  return wireOrder(spec)
    .slice(0, at)
    .some((item) => typeof item !== "string");
}

function optionsBlock(spec: CommandSpec, context: BodyContext): string[] {
  if (spec.options === undefined) throw new Error(`${spec.name}: no options`);
  const statements = optionStatements(spec.options, (text) => context.token(text));
  const check = checksEarly(spec) ? [] : [optionsCheck(spec.options)];
  const lines = [...check, ...statements];
  if (needsOptions(spec)) return lines;
  if (statements.length === 0) return check.map((line) => `${GIVEN} ${line}`);
  return [`${GIVEN} {`, ...lines.map((line) => `  ${line}`), "}"];
}

/** A first statement that runs calls without optional arguments directly, where that is possible. */
function shortcut(spec: CommandSpec, context: BodyContext): string[] {
  const omitted = [
    ...spec.args.filter(canBeUndefined).map((arg) => arg.name),
    ...(spec.options === undefined ? [] : ["options"]),
  ];
  const unchecked = spec.args.every((arg) => canBeUndefined(arg) || isUnchecked(arg));
  const custom = wireOrder(spec).some((item) => typeof item !== "string");
  if (omitted.length === 0 || !unchecked || custom || needsOptions(spec)) return [];
  const args = uncheckedExpressions(spec, context).join(", ");
  const test = omitted.map((name) => `${name} === undefined`).join(" && ");
  return [`if (${test}) return this.run(${constantName(spec.name)}, [${args}]);`];
}

/** The body of a method that returns a builder. */
function builderLines(spec: CommandSpec, context: BodyContext): string[] {
  const info = context.info(constantName(spec.name));
  const args = `new ${context.core("ArgList", "args")}(${info}, [${uncheckedExpressions(spec, context).join(", ")}])`;
  const check = context.core("addSurplus", "shared-args");
  return [
    `return new ${context.exported(spec.builder)}<H>(`,
    `  () => ${check}(${args}, ${mostArguments(spec)}, more),`,
    `  (args) => this.send(${info}, args),`,
    ...(spec.args.some((arg) => arg.name === "options") ? ["  options,"] : []),
    ");",
  ];
}

/** The body of a method that passes some calls to another method. */
function delegatingLines(
  spec: CommandSpec,
  { given, to }: NonNullable<CommandSpec["delegate"]>,
  info: string,
): string[] {
  const passed = spec.args.map((arg) => arg.name).join(", ");
  const sent = spec.args.filter((arg) => arg.name !== given).map((arg) => arg.name);
  return [
    `if (${given} !== undefined) return this.${to}(${passed});`,
    `return this.run(${info}, [${sent.join(", ")}]);`,
  ];
}

/** The statement that refuses a surplus argument. */
export function surplusCheck(spec: CommandSpec, context: BodyContext): string[] {
  const most = mostArguments(spec);
  if (most === undefined || spec.builder !== undefined) return [];
  const info = context.info(constantName(spec.name));
  return [`if (more !== undefined) return this.refuse(${info}, ${most}, more);`];
}

/** The statements of a method. */
export function bodyLines(spec: CommandSpec, context: BodyContext): string[] {
  return [...surplusCheck(spec, context), ...callLines(spec, context)];
}

function callLines(spec: CommandSpec, context: BodyContext): string[] {
  if (spec.builder !== undefined) return builderLines(spec, context);
  const info = context.info(constantName(spec.name));
  if (spec.delegate !== undefined) return delegatingLines(spec, spec.delegate, info);
  const lines: string[] = [];
  if (spec.whenEmpty !== undefined) {
    const rest = spec.args.find((arg) => arg.rest === true)?.name;
    const isEmpty = context.core("isEmpty", "arg-values");
    lines.push(`if (${isEmpty}(${rest})) return this.resolve(${info}, ${spec.whenEmpty});`);
  }
  const wire = wireText(spec, context);
  const decoder = decoderText(spec, context);
  const last = decoder === undefined ? "" : `, ${decoder}`;
  if (wire.statements.length === 0) {
    return [...lines, `return this.run(${info}, [${wire.initial.join(", ")}]${last});`];
  }
  const initial = wire.initial.length === 0 ? "" : `, [${wire.initial.join(", ")}]`;
  return [
    ...lines,
    ...shortcut(spec, context),
    `const args = new ${context.core("ArgList", "args")}(${info}${initial});`,
    ...(spec.options !== undefined && checksEarly(spec)
      ? [`${needsOptions(spec) ? "" : `${GIVEN} `}${optionsCheck(spec.options)}`]
      : []),
    ...wire.statements,
    `return this.send(${info}, args${last});`,
  ];
}
