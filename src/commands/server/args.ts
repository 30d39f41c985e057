/**
 * Owns argument shapes of the connection and server commands that the command table cannot say by
 * itself, under the rules of `args.ts`: no throwing, no values in messages.
 */

import { type ArgList, isEmpty, token } from "../core/args.js";
import type { Items } from "../core/shared-args.js";
import type { Integer, Many } from "../core/types.js";

const EVERYTHING = token("*");
const NO = token("NO");
const ONE = token("ONE");
const SCHEDULE = token("SCHEDULE");
const TO = token("TO");
const VERSION = token("VERSION");

/** Add the patterns of CONFIG GET; without any, the one that matches everything. */
export function configPatterns(args: ArgList, patterns: Items): void {
  if (isEmpty(patterns)) args.add(EVERYTHING);
  else args.many('"patterns"', patterns);
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
