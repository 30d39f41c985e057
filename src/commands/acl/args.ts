/**
 * Owns the rules of ACL SETUSER: from options to the words of the ACL language. Under the rules of
 * `args.ts`: no throwing, and no value in a message, least of all a password.
 */
import { type ArgList, token } from "../core/args.js";
import type { Many } from "../core/types.js";

type Text = string | Uint8Array;

/** What {@link aclRules} reads. */
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
/** Patterns that say themselves what they are of, and of keys perhaps what may be done with them. */
const PREFIXED = { "~": /^(?:~|%(?:R|W|RW|WR)~)/i, "&": /^&/ } as const;
/** As many characters of a pattern as a prefix may have. */
const LONGEST_PREFIX = 4;
const SELECTOR_RULE = /^(?:[+\-~%&].|(?:all|no|reset)(?:keys|channels|commands)$)/;

function itemsOf(items: Many<Text> | undefined): readonly unknown[] {
  if (items === undefined) return [];
  return Array.isArray(items) || items instanceof Set ? [...items] : [items];
}

function withoutFirst(rule: Text, prefix: string): Text {
  if (typeof rule === "string") return prefix + rule.slice(1);
  return Buffer.concat([Buffer.from(prefix), rule.subarray(1)]);
}

function withPrefix(pattern: Text, prefix: string): Text {
  if (typeof pattern === "string") return prefix + pattern;
  return Buffer.concat([Buffer.from(prefix), pattern]);
}

const isText = (value: unknown): value is Text =>
  typeof value === "string" || value instanceof Uint8Array;

/** `+` or `-` at the beginning of a rule, or undefined when there is neither. */
function signOf(rule: unknown): "+" | "-" | undefined {
  if (!isText(rule) || rule.length < 2) return undefined;
  const first = typeof rule === "string" ? rule.charCodeAt(0) : rule[0];
  return first === PLUS ? "+" : first === MINUS ? "-" : undefined;
}

interface Signs {
  readonly "+": string;
  readonly "-": string;
}

/** Add rules that begin with `+` or `-`, what the sign means put in its place. */
function signed(
  args: ArgList,
  [name, items]: readonly [string, Many<Text> | undefined],
  signs: Signs,
): void {
  for (const item of itemsOf(items)) {
    const sign = signOf(item);
    if (sign !== undefined) args.free(`option "${name}"`, withoutFirst(item as Text, signs[sign]));
    else args.fail(`each of option "${name}" must be text with "+" or "-" before it`);
  }
}

function categories(args: ArgList, items: Many<string> | undefined): void {
  for (const item of itemsOf(items)) {
    const sign = typeof item === "string" ? signOf(item) : undefined;
    if (sign === undefined) {
      args.fail('each of option "categories" must be text with "+" or "-" before it');
    } else {
      args.free('option "categories"', `${sign}@${String(item).slice(1).replace(/^@/, "")}`);
    }
  }
}

/** Add patterns; one that has its prefix already, as ACL GETUSER gives it, goes out as it is. */
function patterns(
  args: ArgList,
  [name, items]: readonly [string, Many<Text> | undefined],
  prefix: "~" | "&",
): void {
  for (const item of itemsOf(items)) {
    if (!isText(item)) args.fail(`each of option "${name}" must be text or bytes`);
    else {
      const rule = PREFIXED[prefix].test(beginningOf(item)) ? item : withPrefix(item, prefix);
      args.free(`option "${name}"`, rule);
    }
  }
}

function beginningOf(item: Text): string {
  if (typeof item === "string") return item;
  return Buffer.from(item.subarray(0, LONGEST_PREFIX)).toString("latin1");
}

function selectors(args: ArgList, items: AclShape["selectors"]): void {
  if (items === undefined) return;
  if (!Array.isArray(items)) args.fail('option "selectors" must be an array of arrays of rules');
  for (const rules of Array.isArray(items) ? items : []) {
    if (Array.isArray(rules) && rules.length > 0 && rules.every(isSelectorRule)) {
      args.free('option "selectors"', `(${rules.join(" ")})`);
    } else {
      args.fail(
        'each of option "selectors" must be an array of rules such as "+get", "+@read", "~key*"',
      );
    }
  }
}

function isSelectorRule(rule: unknown): boolean {
  return typeof rule === "string" && SELECTOR_RULE.test(rule) && !/[\s()]/.test(rule);
}

/** Add the rules of a user; what resets it has been added already. */
export function aclRules(args: ArgList, options: AclShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { enabled, noPass, passwords, hashedPasswords } = options;
  if (enabled !== undefined) {
    if (typeof enabled === "boolean") args.add(enabled ? ON : OFF);
    else args.fail('option "enabled" must be a boolean');
  }
  signed(args, ["passwords", passwords], { "+": ">", "-": "<" });
  signed(args, ["hashedPasswords", hashedPasswords], { "+": "#", "-": "!" });
  args.flag('option "noPass"', NOPASS, noPass);
  categories(args, options.categories);
  signed(args, ["commands", options.commands], { "+": "+", "-": "-" });
  patterns(args, ["keys", options.keys], "~");
  patterns(args, ["channels", options.channels], "&");
  selectors(args, options.selectors);
}
