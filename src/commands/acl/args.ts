/**
 * Converts the options of ACL SETUSER into ACL rules. Like all argument builders, these functions do
 * not throw and put no values, such as passwords, into messages.
 */
import { isUint8Array } from "node:util/types";
import { flattened } from "../core/arg-values.js";
import { type ArgList, token } from "../core/args.js";
import type { Many } from "../core/types.js";

type Text = string | Uint8Array;

/** The options that {@link aclRules} reads. */
export interface AclShape {
  readonly enabled?: boolean | undefined;
  readonly noPass?: boolean | undefined;
  readonly passwords?: Many<Text> | undefined;
  readonly hashedPasswords?: Many<Text> | undefined;
  readonly categories?: Many<string> | undefined;
  readonly commands?: Many<string> | undefined;
  readonly keys?: Many<Text> | undefined;
  readonly channels?: Many<Text> | undefined;
  readonly selectors?: readonly (readonly string[])[] | undefined;
}

const ON = token("ON");
const OFF = token("OFF");
const NOPASS = token("NOPASS");

const PLUS = 0x2b;
const MINUS = 0x2d;
/** Patterns that have a prefix already; that of a key pattern may limit the access. */
const PREFIXED = { "~": /^(?:~|%(?:R|W|RW|WR)~)/i, "&": /^&/ } as const;
/** Length of `%RW~`. */
const LONGEST_PREFIX = 4;
const SELECTOR_RULE = /^(?:[+\-~%&].|(?:all|no|reset)(?:keys|channels|commands)$)/;

function itemsOf(items: Many<Text> | undefined): readonly unknown[] {
  return items === undefined ? [] : flattened([items]);
}

function withoutFirst(rule: Text, prefix: string): Text {
  if (typeof rule === "string") return prefix + rule.slice(1);
  return Buffer.concat([Buffer.from(prefix), rule.subarray(1)]);
}

function withPrefix(pattern: Text, prefix: string): Text {
  if (typeof pattern === "string") return prefix + pattern;
  return Buffer.concat([Buffer.from(prefix), pattern]);
}

const isText = (value: unknown): value is Text => typeof value === "string" || isUint8Array(value);

/** The `+` or `-` at the start of a rule, or undefined. */
function signOf(rule: unknown): "+" | "-" | undefined {
  if (!isText(rule) || rule.length < 2) return undefined;
  const first = typeof rule === "string" ? rule.charCodeAt(0) : rule[0];
  return first === PLUS ? "+" : first === MINUS ? "-" : undefined;
}

/** ACL rule prefix for each sign. */
interface Signs {
  readonly "+": string;
  readonly "-": string;
}

/** Add rules that begin with `+` or `-`, replacing the sign with the prefix in `signs`. */
function signed(
  args: ArgList,
  [name, items]: readonly [string, Many<Text> | undefined],
  signs: Signs,
): void {
  for (const item of itemsOf(items)) {
    const sign = signOf(item);
    if (sign !== undefined) args.value(`options.${name}`, withoutFirst(item as Text, signs[sign]));
    else args.invalid(`each of options.${name}`, 'must be a string that begins with "+" or "-"');
  }
}

function categories(args: ArgList, items: Many<string> | undefined): void {
  for (const item of itemsOf(items)) {
    const sign = typeof item === "string" ? signOf(item) : undefined;
    if (sign === undefined) {
      args.invalid("each of options.categories", 'must be a string that begins with "+" or "-"');
    } else {
      args.value("options.categories", `${sign}@${String(item).slice(1).replace(/^@/, "")}`);
    }
  }
}

/** Add patterns with their prefix. ACL GETUSER returns patterns with it: those are sent unchanged. */
function patterns(
  args: ArgList,
  [name, items]: readonly [string, Many<Text> | undefined],
  prefix: "~" | "&",
): void {
  for (const item of itemsOf(items)) {
    if (!isText(item)) args.invalid(`each of options.${name}`, "must be a string or bytes");
    else {
      const rule = PREFIXED[prefix].test(beginningOf(item)) ? item : withPrefix(item, prefix);
      args.value(`options.${name}`, rule);
    }
  }
}

function beginningOf(item: Text): string {
  if (typeof item === "string") return item;
  return Buffer.from(item.subarray(0, LONGEST_PREFIX)).toString("latin1");
}

function selectors(args: ArgList, items: AclShape["selectors"]): void {
  if (items === undefined) return;
  if (!Array.isArray(items))
    args.invalid("options.selectors", "must be an array of arrays of rules");
  for (const rules of Array.isArray(items) ? items : []) {
    if (Array.isArray(rules) && rules.length > 0 && rules.every(isSelectorRule)) {
      args.value("options.selectors", `(${rules.join(" ")})`);
    } else {
      args.invalid(
        "each of options.selectors",
        'must be an array of rules such as "+get", "+@read", "~key*"',
      );
    }
  }
}

function isSelectorRule(rule: unknown): boolean {
  return typeof rule === "string" && SELECTOR_RULE.test(rule) && !/[\s()]/.test(rule);
}

/** Add the rules of a user. The RESET options are added before. */
export function aclRules(args: ArgList, options: AclShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { enabled, noPass, passwords, hashedPasswords } = options;
  if (typeof enabled === "boolean") args.add(enabled ? ON : OFF);
  else args.boolean("options.enabled", enabled);
  signed(args, ["passwords", passwords], { "+": ">", "-": "<" });
  signed(args, ["hashedPasswords", hashedPasswords], { "+": "#", "-": "!" });
  args.flag("options.noPass", NOPASS, noPass);
  categories(args, options.categories);
  signed(args, ["commands", options.commands], { "+": "+", "-": "-" });
  patterns(args, ["keys", options.keys], "~");
  patterns(args, ["channels", options.channels], "&");
  selectors(args, options.selectors);
}
