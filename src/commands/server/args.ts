/**
 * Builds the arguments of server commands that the command table cannot express. Like all argument
 * builders, these functions do not throw and put no values into messages.
 */
import { isEmpty } from "../core/arg-values.js";
import { type ArgList, token } from "../core/args.js";
import type { Integer, Many } from "../core/types.js";

const EVERYTHING = token("*");
const NO = token("NO");
const ONE = token("ONE");
const SCHEDULE = token("SCHEDULE");
const TO = token("TO");
const VERSION = token("VERSION");

/** Add the patterns of CONFIG GET; `*` when there are none. */
export function configPatterns(args: ArgList, patterns: readonly Many<string>[]): void {
  if (isEmpty(patterns)) args.add(EVERYTHING);
  else args.many("patterns", patterns);
}

/** Add the version of LOLWUT and its parameters, if any. */
export function lolwutVersion(args: ArgList, versions: readonly Many<Integer>[]): void {
  if (isEmpty(versions)) return;
  args.add(VERSION);
  for (const version of versions) {
    if (!isEmpty([version])) args.integers("versionNumbers", version);
  }
}

/** The options that {@link scheduled} reads. */
export interface ScheduleShape {
  readonly schedule?: boolean | undefined;
}

/** Add SCHEDULE to BGSAVE unless the option is false. */
export function scheduled(args: ArgList, options: ScheduleShape | undefined): void {
  if (args.error === undefined) {
    const schedule = options?.schedule === undefined ? true : options.schedule;
    args.flag("options.schedule", SCHEDULE, schedule);
  }
}

/** Add host and port of the master, or NO ONE when both are omitted. */
export function masterAddress(
  args: ArgList,
  host: string | undefined,
  port: Integer | string | undefined,
): void {
  if (host === undefined && port === undefined) args.add(NO).add(ONE);
  else if (host === undefined || port === undefined)
    args.fail('arguments "host" and "port" must be given together');
  else args.value("host", host).value("port", port);
}

/** The options that {@link failoverTarget} reads. */
export interface FailoverShape {
  readonly to?: readonly [host: string, port: Integer] | undefined;
}

/** Add the replica that FAILOVER promotes. */
export function failoverTarget(args: ArgList, options: FailoverShape | undefined): void {
  if (args.error !== undefined || options?.to === undefined) return;
  if (!Array.isArray(options.to) || options.to.length !== 2) {
    args.invalid("options.to", "must be a [host, port] array");
    return;
  }
  const [host, port] = options.to;
  args.add(TO).value("the host of options.to", host).count("the port of options.to", port);
}
