/** Generates the doc comments of methods from their table entries. Pure. */
import type { CommandSpec } from "../table/dsl.js";
import { docComment, pageName } from "./text.js";

/** What differs between the signatures of one command. */
interface SignatureDoc {
  /** Texts of its parameters; only these are described. */
  readonly params: readonly string[];
  readonly returns: string;
  /** For an alias: the method it calls. */
  readonly aliasOf: string | undefined;
  /** Whether the declarations omit the method. */
  readonly internal: boolean;
}

/** A version without a product name is one of Redis. */
const versionName = (since: string): string => (/^\d/.test(since) ? `Redis ${since}` : since);

/** The doc comment of one signature. */
export function methodDoc(
  spec: CommandSpec,
  { params, returns, aliasOf, internal }: SignatureDoc,
): string {
  const has = (name: string) =>
    params.some((param) => new RegExp(`^(?:\\.\\.\\.)?${name}\\b`).test(param));
  const args = spec.args.filter((arg) => has(arg.name));
  const options = spec.options !== undefined && has("options") ? [spec.options.type] : [];
  const tags = [
    ...args.map((arg) => `@param ${arg.name} - ${arg.doc}`),
    ...options.map((type) => `@param options - See {@link ${type}}.`),
    `@returns ${returns}`,
    ...(spec.deprecated === undefined ? [] : [`@deprecated ${spec.deprecated}`]),
    `@remarks Since ${versionName(spec.since)}. ${spec.cost}.`,
    `@see {@link https://redis.io/docs/latest/commands/${pageName(spec.name)}/ | ${spec.name}}`,
  ];
  const other = aliasOf === undefined ? "" : ` Same as \`${aliasOf}\`; the name in redis-py.`;
  const notes = spec.notes === undefined ? [] : ["", spec.notes];
  // No blank line before the tags: the bundle contains these comments.
  const tag = internal ? "@internal " : "";
  return docComment([`${tag}${spec.summary}${other}`, ...notes, ...tags], "  ");
}
