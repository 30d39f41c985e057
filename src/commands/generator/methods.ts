/** Generates the text of methods: doc comments, signatures, bodies, and aliases. Pure. */
import type { CommandSpec } from "../table/dsl.js";
import { type BodyContext, bodyLines, surplusCheck } from "./body.js";
import { methodDoc } from "./docs.js";
import {
  declaration,
  implementation,
  overloads,
  type SignatureText,
  signatureLine,
} from "./signatures.js";
import { methodName } from "./text.js";

/** The name of a command's method. */
export const nameOf = (spec: CommandSpec): string => spec.method ?? methodName(spec.name);

/** One statement as a line; a long one-line condition is broken in two. */
function statementText(line: string, indent: string): string {
  const conditional = /^(\s*)(if \(.*?\)) (args\..*)$/.exec(line);
  if (conditional === null || indent.length + line.length <= 100) return `${indent}${line}\n`;
  const [, inner = "", condition = "", action = ""] = conditional;
  const deep = `${indent}${inner}`;
  return `${deep}${condition} {\n${deep}  ${action}\n${deep}}\n`;
}

/** Whether a method is for developers of servers: it exists, and the declarations and documents omit it. */
export const isInternal = (spec: CommandSpec, name: string): boolean =>
  spec.internal === true || name.endsWith("Internal");

interface NamedBody {
  readonly name: string;
  readonly lines: readonly string[];
  /** For an alias: the method it calls. */
  readonly aliasOf?: string;
}

/**
 * One method: its signatures with doc comments, and the implementation without one. A bundler keeps a doc
 * comment of an implementation and removes those of signatures, which halves the comments in `dist`.
 */
function methodWithDoc(spec: CommandSpec, { name, lines, aliasOf }: NamedBody): string {
  const docOf = ({ params, returns }: SignatureText) =>
    methodDoc(spec, { params, returns, aliasOf, internal: isInternal(spec, name) });
  const body = lines.map((line) => statementText(line, "    ")).join("");
  const code = `${signatureLine(name, implementation(spec), " {")}\n${body}  }\n`;
  const declared = overloads(spec);
  const signatures = (declared.length === 0 ? [declaration(spec)] : declared).map(
    (overload) =>
      `${overload.isRepeated ? "" : docOf(overload)}${signatureLine(name, overload, ";")}\n`,
  );
  return `${signatures.join("")}${code}`;
}

/** The text of a command's method and of its aliases. */
export function methodText(spec: CommandSpec, context: BodyContext): string {
  const name = nameOf(spec);
  const method = methodWithDoc(spec, { name, lines: bodyLines(spec, context) });
  const aliases = (spec.aliases ?? []).map((alias) => {
    if (spec.options !== undefined) throw new Error(`${spec.name}: an alias cannot have options`);
    const passed = spec.args.map((arg) => (arg.rest === true ? `...${arg.name}` : arg.name));
    const lines = [...surplusCheck(spec, context), `return this.${name}(${passed.join(", ")});`];
    return methodWithDoc(spec, { name: alias, lines, aliasOf: name });
  });
  return [method, ...aliases].join("\n");
}
