/**
 * Builds the arguments of connection commands that the command table cannot express. Like all argument
 * builders, these functions do not throw and put no values into messages.
 */

import type { Token } from "../../protocol/token.js";
import { flattened } from "../core/arg-values.js";
import { type ArgList, token } from "../core/args.js";
import type { Value } from "../core/info.js";
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

/** Add one keyword for true and another for false; none when the option is omitted. */
function booleanKeyword(
  args: ArgList,
  [path, value]: readonly [path: string, value: boolean | undefined],
  [yes, no]: readonly [yes: Token, no: Token],
): void {
  if (typeof value === "boolean") args.add(value ? yes : no);
  else args.boolean(path, value);
}

/** The options that {@link skipMe} reads. */
export interface SkipMeShape {
  readonly skipMe?: boolean | undefined;
}

/** Add SKIPME to CLIENT KILL, and refuse a call without a filter. */
export function skipMe(args: ArgList, options: SkipMeShape | undefined): void {
  if (args.error !== undefined) return;
  if (options?.skipMe !== undefined) args.add(SKIPME);
  booleanKeyword(args, ["options.skipMe", options?.skipMe], [YES, NO]);
  if (args.words.length === 0) args.invalid("options", "must hold at least one filter");
}

/** The options that {@link pauseMode} reads. */
export interface PauseShape {
  readonly all?: boolean | undefined;
}

/** Add which commands CLIENT PAUSE suspends: ALL or WRITE. */
export function pauseMode(args: ArgList, options: PauseShape | undefined): void {
  if (args.error === undefined) booleanKeyword(args, ["options.all", options?.all], [ALL, WRITE]);
}

/** The options that {@link unblockMode} reads. */
export interface UnblockShape {
  readonly error?: boolean | undefined;
}

/** Add how CLIENT UNBLOCK ends the blocking command: ERROR or TIMEOUT. */
export function unblockMode(args: ArgList, options: UnblockShape | undefined): void {
  if (args.error === undefined)
    booleanKeyword(args, ["options.error", options?.error], [ERROR, TIMEOUT]);
}

/** The options that {@link trackingMode} and {@link trackingPrefixes} read. */
export interface TrackingShape {
  readonly on?: boolean | undefined;
  readonly bcast?: boolean | undefined;
  readonly prefix?: Many<Value> | undefined;
}

/** Add ON or OFF to CLIENT TRACKING. */
export function trackingMode(args: ArgList, options: TrackingShape | undefined): void {
  const on = options?.on === undefined ? true : options.on;
  booleanKeyword(args, ["options.on", on], [ON, OFF]);
}

/** Add the prefixes of CLIENT TRACKING, each after its own PREFIX. */
export function trackingPrefixes(args: ArgList, options: TrackingShape | undefined): void {
  if (args.error !== undefined || options?.prefix === undefined) return;
  if (options.bcast !== true) args.invalid("options.prefix", 'needs option "bcast"');
  for (const item of flattened([options.prefix])) args.add(PREFIX).value("options.prefix", item);
}

/** The options that {@link helloOptions} reads. */
export interface HelloShape {
  readonly auth?: readonly [username: Value, password: Value] | undefined;
  readonly setName?: Value | undefined;
}

/** Add AUTH to HELLO. The server accepts options only after a protocol version. */
export function helloOptions(
  args: ArgList,
  protocol: Integer | undefined,
  options: HelloShape | undefined,
): void {
  if (args.error !== undefined || options === undefined) return;
  const { auth, setName } = options;
  if (protocol === undefined && (auth !== undefined || setName !== undefined)) {
    args.fail('options "auth" and "setName" need argument "protocol"');
  }
  if (auth === undefined) return;
  if (!Array.isArray(auth) || auth.length !== 2) {
    args.invalid("options.auth", "must be a [username, password] array");
    return;
  }
  args.add(AUTH).value("options.auth", auth[0]).value("options.auth", auth[1]);
}
