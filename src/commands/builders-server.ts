/**
 * Owns argument shapes of the connection and server commands that the command table cannot say by
 * itself, under the rules of `args.ts`: no throwing, no values in messages.
 */

import type { Token } from "../protocol/token.js";
import { type ArgList, isEmpty, token } from "./args.js";
import type { Value } from "./info.js";
import type { Integer, Many, Mapping } from "./types.js";

const ACLCAT = token("ACLCAT");
const ALL = token("ALL");
const ARGS = token("ARGS");
const AUTH = token("AUTH");
const CONFIG = token("CONFIG");
const ERROR = token("ERROR");
const EVERYTHING = token("*");
const FILTERBY = token("FILTERBY");
const MODULE = token("MODULE");
const NO = token("NO");
const OFF = token("OFF");
const ON = token("ON");
const ONE = token("ONE");
const PATTERN = token("PATTERN");
const PREFIX = token("PREFIX");
const SCHEDULE = token("SCHEDULE");
const SKIPME = token("SKIPME");
const TIMEOUT = token("TIMEOUT");
const TO = token("TO");
const VERSION = token("VERSION");
const WRITE = token("WRITE");
const YES = token("YES");

type Items = readonly Many<Value>[];

/** Add a word for yes or another for no, or neither when nothing is said. */
function either(
  args: ArgList,
  [name, value]: readonly [name: string, value: boolean | undefined],
  [yes, no]: readonly [yes: Token, no: Token],
): void {
  if (typeof value === "boolean") args.add(value ? yes : no);
  else args.boolean(`option "${name}"`, value);
}

/** Add items given as rest arguments, arrays or sets, or nothing at all. */
export function anyItems(args: ArgList, items: Items): void {
  if (!isEmpty(items)) args.many("items", items);
}

/** Add the patterns of CONFIG GET; without any, the one that matches everything. */
export function configPatterns(args: ArgList, patterns: Items): void {
  if (isEmpty(patterns)) args.add(EVERYTHING);
  else args.many('"patterns"', patterns);
}

/** Add what is to be changed: one setting, or a mapping of several. */
export function configSettings(
  args: ArgList,
  name: string | Mapping<string, Value>,
  value: Value | undefined,
): void {
  const [what, after] = [args.nameNext(), args.nameNext(1)];
  if (typeof name !== "object" || name === null) args.free(what, name).free(after, value);
  else if (value !== undefined) args.fail(`${what} must be a name when ${after} is given`);
  else args.pairs(what, name);
}

/** Add the versions of LOLWUT: which picture, and numbers that shape it. */
export function lolwutVersion(args: ArgList, versions: readonly Many<Integer>[]): void {
  if (isEmpty(versions)) return;
  args.add(VERSION);
  for (const version of versions) args.integers('"versionNumbers"', version);
}

/** What {@link scheduled} reads. */
export interface ScheduleShape {
  readonly schedule?: boolean | undefined;
}

/** Add that BGSAVE may wait for a rewrite of the append-only file, unless it shall not. */
export function scheduled(args: ArgList, options: ScheduleShape | undefined): void {
  if (args.error === undefined) {
    const { schedule = true } = options ?? {};
    args.flag('option "schedule"', SCHEDULE, schedule);
  }
}

/** Add the master of a replica: host and port, or none. */
export function masterOf(
  args: ArgList,
  host: string | undefined,
  port: Integer | string | undefined,
): void {
  if (host === undefined && port === undefined) args.add(NO).add(ONE);
  else if (host === undefined || port === undefined)
    args.fail('"host" and "port" must be given together, or neither');
  else args.free('"host"', host).free('"port"', port);
}

/** What {@link failoverTarget} reads. */
export interface FailoverShape {
  readonly to?: readonly [host: string, port: Integer] | undefined;
}

/** Add the replica that FAILOVER shall make the master. */
export function failoverTarget(args: ArgList, options: FailoverShape | undefined): void {
  if (args.error !== undefined || options?.to === undefined) return;
  if (!Array.isArray(options.to) || options.to.length !== 2) {
    args.fail('option "to" must be a host and a port in an array');
    return;
  }
  const [host, port] = options.to;
  args.add(TO).free('the host of option "to"', host).count('the port of option "to"', port);
}

/** What {@link loadexSections} reads. */
export interface LoadexShape {
  readonly config?: Mapping<string, Value> | undefined;
  readonly args?: Many<Value> | undefined;
}

/** Add the settings and the arguments of MODULE LOADEX; the arguments come last. */
export function loadexSections(args: ArgList, options: LoadexShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  if (options.config !== undefined) {
    args.entries('option "config"', options.config, (name, value) => {
      args
        .add(CONFIG)
        .free('option "config"', name as Value)
        .free('option "config"', value as Value);
    });
  }
  if (options.args !== undefined) args.add(ARGS).freeList('option "args"', options.args);
}

/** What {@link commandFilter} reads. */
export interface CommandFilterShape {
  readonly module?: string | undefined;
  readonly category?: string | undefined;
  readonly pattern?: string | undefined;
}

/** Add which commands COMMAND LIST shall name. */
export function commandFilter(args: ArgList, options: CommandFilterShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { module, category, pattern } = options;
  if (module !== undefined) args.add(FILTERBY).add(MODULE).free('option "module"', module);
  if (category !== undefined) args.add(FILTERBY).add(ACLCAT).free('option "category"', category);
  if (pattern !== undefined) args.add(FILTERBY).add(PATTERN).free('option "pattern"', pattern);
}

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
