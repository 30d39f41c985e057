/** Owns the doc comments of generated methods, printed from the spec so that all are alike. Pure. */
import type { CommandSpec } from "../table/dsl.js";
import { docComment, pageName } from "./text.js";

/** What differs between the signatures of one command. */
export interface SignatureDoc {
  /** Its parameters as printed; only those it has are described. */
  readonly params: readonly string[];
  readonly returns: string;
  /** For an alias: the method it stands for. */
  readonly alias: string | undefined;
}

/** A bare number is a version of Redis. */
const versionName = (since: string): string => (/^\d/.test(since) ? `Redis ${since}` : since);

/** The doc comment of one signature. */
export function methodDoc(spec: CommandSpec, { params, returns, alias }: SignatureDoc): string {
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
  const other = alias === undefined ? "" : ` The name redis-py gives ${alias}.`;
  const notes = spec.notes === undefined ? [] : ["", spec.notes];
  return docComment([`${spec.summary}${other}`, ...notes, "", ...tags], "  ");
}
