/** Generates the signatures of methods, with overloads where the reply depends on the arguments. Pure. */
import type { CommandSpec, Param, ReplyCase } from "../table/dsl.js";
import { innerType, optionNamed } from "./options.js";
import { enclose, surfaceType } from "./text.js";

/** The parts of one signature. */
export interface SignatureText {
  readonly generics: string;
  readonly params: readonly string[];
  /** Type of the reply. */
  readonly type: string;
  /** Return type, when it is not that of a reply. */
  readonly returnType?: string;
  /** Text of `@returns`. */
  readonly returns: string;
  /** Whether it repeats another for other arguments, without a doc comment. */
  readonly isRepeated?: true;
}

function paramText(param: Param): string {
  const type = param.kind.type;
  if (param.rest === true) return `...${param.name}: Many<${type}>[]`;
  if (param.fallback !== undefined) return `${param.name}: ${type} = ${param.fallback}`;
  return param.optional === true ? `${param.name}?: ${type}` : `${param.name}: ${type}`;
}

/** A parameter in an overload, where a default becomes an optional parameter. */
function declaredText(param: Param): string {
  return param.fallback === undefined ? paramText(param) : `${param.name}?: ${param.kind.type}`;
}

/** The same parameter before a required one. */
const beforeRequired = (declared: string): string =>
  declared.replace(/^(\w+)\?: (.*)$/, "$1: $2 | undefined");

/** Whether the options object must be given. */
export function needsOptions(spec: CommandSpec): boolean {
  return spec.options?.items.some((item) => "required" in item && item.required === true) ?? false;
}

/** The `options` parameter, or none. */
function optionsParam(spec: CommandSpec, type = spec.options?.type): string[] {
  return type === undefined ? [] : [`options${needsOptions(spec) ? "" : "?"}: ${type}`];
}

/** The largest number of arguments of a method; undefined when it has a rest parameter. */
export function mostArguments(spec: CommandSpec): number | undefined {
  if (spec.args.some((arg) => arg.rest === true)) return undefined;
  return spec.args.length + (spec.options === undefined ? 0 : 1);
}

/**
 * The signature of the implementation. A hidden last parameter, `more`, holds a surplus argument: comparing it with
 * undefined costs less than `arguments.length`, for which V8 creates an object in unoptimised code.
 */
export function implementation(spec: CommandSpec): SignatureText {
  const seen = visibleImplementation(spec);
  if (mostArguments(spec) === undefined) return seen;
  return { ...seen, params: [...seen.params, "more?: unknown"] };
}

function visibleImplementation(spec: CommandSpec): SignatureText {
  const inner = spec.options === undefined ? undefined : innerType(spec.options);
  return {
    ...(spec.builder === undefined ? {} : { returnType: `${spec.builder.name}<H>` }),
    generics: "",
    params: [...spec.args.map(paramText), ...optionsParam(spec, inner)],
    type: unionType(spec),
    returns: spec.returns,
  };
}

/** The same signature as callers see it: a parameter with a default is optional. */
export function declaration(spec: CommandSpec): SignatureText {
  const seen = visibleImplementation(spec);
  return withMappingType({
    ...seen,
    params: [...spec.args.map(declaredText), ...seen.params.slice(spec.args.length)],
  });
}

/** The overloads a caller sees; none when the implementation is the only signature. */
export function overloads(spec: CommandSpec): SignatureText[] {
  const declared = declaredOverloads(spec);
  // On a union of clients, generic signatures cannot be called if their replies differ: others come first.
  const differing = declared.filter(({ type }) => /\bT\b/.test(type));
  const repeated = differing.map((one) => ({ ...withMappingType(one), isRepeated: true as const }));
  return [
    ...declared.map((one) => (differing.includes(one) ? one : withMappingType(one))),
    ...repeated.filter(({ generics }) => generics.startsWith("<M ")),
  ];
}

function declaredOverloads(spec: CommandSpec): SignatureText[] {
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
  const at = spec.args.findIndex((arg) => arg.name === only.given);
  return at >= 0 ? paramOverloads(spec, only, at) : optionOverloads(spec, only);
}

/** Split a parameter list at its top-level commas. */
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

/** Overloads without the optional parameter at `at`, with it, and for a value that may be undefined. */
function paramOverloads(
  spec: CommandSpec,
  { given, reply, returns }: ReplyCase,
  at: number,
): SignatureText[] {
  const before = spec.args.slice(0, at).map(declaredText);
  const required = spec.args.slice(at, at + 1).map((arg) => `${arg.name}: ${arg.kind.type}`);
  const optional = spec.args.slice(at, at + 1).map(declaredText);
  const after = spec.args.slice(at + 1).map(declaredText);
  return [
    { generics: "", params: before, type: spec.reply.type, returns: spec.returns },
    {
      generics: "",
      params: [...before, ...required, ...after, ...optionsParam(spec)],
      type: reply.type,
      returns,
    },
    {
      generics: "",
      params: [...before, ...optional, ...after, ...optionsParam(spec)],
      type: unionType(spec),
      returns: `As the other signatures, depending on \`${given}\`.`,
    },
  ];
}

/** Overloads without the option, with it, and for an options object that may hold it. */
function optionOverloads(spec: CommandSpec, { given, reply, returns }: ReplyCase): SignatureText[] {
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
      params: [...before.map(beforeRequired), `options: ${type} & { readonly ${given}: ${on} }`],
      type: reply.type,
      returns,
    },
    {
      generics: "",
      params: [...before, `options?: ${type}`],
      type: unionType(spec),
      returns: `As the other signatures, depending on \`${given}\`.`,
    },
  ];
}

/** The union of all reply types of a method. */
function unionType(spec: CommandSpec): string {
  if (spec.signatures?.some(({ generics }) => generics !== undefined) === true) return "never";
  const types = [
    spec.reply.type,
    ...(spec.cases ?? []).map(({ reply }) => reply.type),
    ...(spec.signatures ?? []).map(({ type }) => type),
  ];
  return [...new Set(types.flatMap((type) => type.split(/ \| (?![^([]*[)\]])/)))].join(" | ");
}

/** A mapping, or the mapping of weights, with its key and value. */
const MAPPING = /\b(?:Mapping<(?:\w+), (\w+)|WeightedKeys<\w+)(?=>)/;

/** The same signature with the type of a mapping as a type parameter, so that it may be an interface. */
function withMappingType(signature: SignatureText): SignatureText {
  const found = signature.params.map((param) => MAPPING.exec(param)).find(Boolean);
  if (found === undefined) return signature;
  const others = signature.generics === "" ? "" : `, ${signature.generics.slice(1, -1)}`;
  return {
    ...signature,
    generics: `<M extends Record<keyof M, ${found?.[1] ?? "Decimal"}>${others}>`,
    params: signature.params.map((param) => param.replace(MAPPING, "$&, M")),
  };
}

/** The text of a signature; `end` is `;` for an overload, ` {` for the implementation. */
export function signatureLine(name: string, signature: SignatureText, end: string): string {
  const type = signature.returnType ?? `Reply<H, ${surfaceType(signature.type)}>`;
  return enclose(`${name}${signature.generics}(`, signature.params.map(surfaceType), {
    close: `): ${type}${end}`,
    indent: "  ",
  });
}
