/**
 * Argument shapes of the connection commands that the command table cannot express. As all argument
 * helpers they neither throw nor put values into messages.
 */
import { type ArgList, token } from "../core/args.js";
import type { Value } from "../core/info.js";
import { either } from "../core/shared-args.js";
import type { Integer, Many } from "../core/types.js";

const ALL = token("ALL");
const AUTH = token("AUTH");
const ERROR = token("ERROR");
const NO = token("NO");
const OFF = token("OFF");
const ON = token("ON");
const PREFIX = token("PREFIX");
const SKIPME = token("SKIPME");
const TIMEOUT = token("TIMEOUT");
const WRITE = token("WRITE");
const YES = token("YES");

/** What {@link skipMe} reads. */
export interface SkipMeShape {
  readonly skipMe?: boolean | undefined;
}

/** Add whether CLIENT KILL spares its own connection, and see that there is a filter at all. */
export function skipMe(args: ArgList, options: SkipMeShape | undefined): void {
  if (args.error !== undefined) return;
  if (options?.skipMe !== undefined) args.add(SKIPME);
  either(args, ["skipMe", options?.skipMe], [YES, NO]);
  if (args.words.length === 0) args.fail("options must hold at least one filter");
}

/** What {@link pauseMode} reads. */
export interface PauseShape {
  readonly all?: boolean | undefined;
}

/** Add what CLIENT PAUSE shall hold back: everything, or writes only. */
export function pauseMode(args: ArgList, options: PauseShape | undefined): void {
  if (args.error === undefined) either(args, ["all", options?.all], [ALL, WRITE]);
}

/** What {@link unblockMode} reads. */
export interface UnblockShape {
  readonly error?: boolean | undefined;
}

/** Add how the blocking command shall end: with an error, or as if time had run out. */
export function unblockMode(args: ArgList, options: UnblockShape | undefined): void {
  if (args.error === undefined) either(args, ["error", options?.error], [ERROR, TIMEOUT]);
}

/** What {@link trackingMode} and {@link trackingPrefixes} read. */
export interface TrackingShape {
  readonly on?: boolean | undefined;
  readonly bcast?: boolean | undefined;
  readonly prefix?: Many<Value> | undefined;
}

/** Add whether CLIENT TRACKING goes on or off. */
export function trackingMode(args: ArgList, options: TrackingShape | undefined): void {
  const { on = true } = options ?? {};
  either(args, ["on", on], [ON, OFF]);
}

/** Add the prefixes of CLIENT TRACKING, each with a word of its own. */
export function trackingPrefixes(args: ArgList, options: TrackingShape | undefined): void {
  if (args.error !== undefined || options?.prefix === undefined) return;
  if (options.bcast !== true) args.fail('option "prefix" needs option "bcast"');
  const { prefix } = options;
  const list = Array.isArray(prefix) || prefix instanceof Set ? [...prefix] : [prefix];
  for (const item of list) args.add(PREFIX).free('option "prefix"', item);
}

/** What {@link helloOptions} reads. */
export interface HelloShape {
  readonly auth?: readonly [username: Value, password: Value] | undefined;
  readonly setName?: Value | undefined;
}

/** Add the credentials of HELLO; its options stand behind a protocol only. */
export function helloOptions(
  args: ArgList,
  protocol: Integer | undefined,
  options: HelloShape | undefined,
): void {
  if (args.error !== undefined || options === undefined) return;
  const { auth, setName } = options;
  if (protocol === undefined && (auth !== undefined || setName !== undefined)) {
    args.fail('options "auth" and "setName" need "protocol"');
  }
  if (auth === undefined) return;
  if (!Array.isArray(auth) || auth.length !== 2) {
    args.fail('option "auth" must be a user name and a password in an array');
    return;
  }
  args.add(AUTH).free('option "auth"', auth[0]).free('option "auth"', auth[1]);
}
