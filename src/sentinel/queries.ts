/**
 * Owns what Sentinels are asked and which answers count: a master must be well and watched by enough
 * Sentinels, and news must not be older than what is known. All Sentinels are asked at once; the first
 * good answer decides. Opens nothing and keeps nothing.
 */

import type { Arg, CommandInfo } from "../commands/core/info.js";
import {
  SENTINEL_GET_MASTER_ADDR_BY_NAME,
  SENTINEL_MASTER,
  SENTINEL_REPLICAS,
} from "../commands/generated/infos-sentinel.js";
import type { SentinelState } from "../commands/sentinel/types.js";
import {
  MasterNotFoundError,
  RedisError,
  ReplicaNotFoundError,
  ResponseError,
  TimeoutError,
} from "../errors.js";
import type { Address } from "../options/address.js";
import { formatAddress } from "../options/address.js";

/** A Sentinel that can be asked. */
export interface QueriedSentinel {
  /** `host:port`. */
  readonly name: string;
  /** Run a command there. */
  run(info: CommandInfo, args: readonly Arg[]): Promise<unknown>;
}

/** What a Sentinel says of a master. */
export interface MasterReport {
  readonly address: Address;
  /** Grows with every fail-over. */
  readonly epoch: number;
}

/** An answer, and who gave it. */
export interface SentinelAnswer<A, V> {
  readonly from: A;
  readonly value: V;
}

/** Code of the errors of Sentinels that know no master of the name. */
const UNKNOWN_NAME_CODE = "ENOSERVICE";
/** ms; how long to wait for a better answer once there is one that will do. */
const GRACE = 150;

/** Make an address of what a Sentinel calls one. */
export function addressOf(host: string, port: number | string): Address {
  return { kind: "tcp", host, port: Number(port) };
}

function sentinelError(from: QueriedSentinel, message: string, code = "ESENTINEL"): RedisError {
  return new RedisError(message, { code, server: from.name });
}

/** A Sentinel answers a name it does not know with an error that has no code of its own. */
async function run<V>(from: QueriedSentinel, info: CommandInfo, name: string): Promise<V> {
  try {
    return (await from.run(info, [name])) as V;
  } catch (error) {
    if (error instanceof ResponseError && /no such master/i.test(error.message)) {
      throw sentinelError(from, error.message, UNKNOWN_NAME_CODE);
    }
    throw error;
  }
}

function problemOf(state: SentinelState, minOtherSentinels: number): string | undefined {
  if (!state.isMaster) return "It is not a master";
  if (state.isSdown || state.isOdown) return "The master is down";
  return missingSentinels(state, minOtherSentinels);
}

function missingSentinels(state: SentinelState, minOtherSentinels: number): string | undefined {
  const others = state["num-other-sentinels"] ?? 0;
  return others < minOtherSentinels ? `Only ${others} other Sentinels watch the master` : undefined;
}

/**
 * Ask one Sentinel for a master.
 *
 * @param minOtherSentinels - How many other Sentinels must watch it.
 * @throws RedisError when it knows none that could be used.
 */
export async function askMaster(
  from: QueriedSentinel,
  name: string,
  minOtherSentinels: number,
): Promise<MasterReport> {
  const [state, place] = await Promise.all([
    run<SentinelState>(from, SENTINEL_MASTER, name),
    run<[string, number] | null>(from, SENTINEL_GET_MASTER_ADDR_BY_NAME, name),
  ]);
  if (place === null) throw sentinelError(from, "No such master", UNKNOWN_NAME_CODE);
  // During a fail-over the state is still the old master's, the address already the new one's.
  const isNew = place[0] !== state.ip || place[1] !== state.port;
  const problem = isNew
    ? missingSentinels(state, minOtherSentinels)
    : problemOf(state, minOtherSentinels);
  if (problem !== undefined) throw sentinelError(from, problem);
  return { address: addressOf(...place), epoch: state["config-epoch"] ?? 0 };
}

/** Ask one Sentinel for the replicas of a master that are well. */
export async function askReplicas(from: QueriedSentinel, name: string): Promise<Address[]> {
  const states = await run<SentinelState[]>(from, SENTINEL_REPLICAS, name);
  return states
    .filter(({ isSdown, isOdown }) => !isSdown && !isOdown)
    .map(({ ip, port }) => addressOf(ip, port));
}

/**
 * Ask all Sentinels at once.
 *
 * @param all - Those to ask.
 * @param ask - How one is asked.
 * @param isGood - Whether an answer decides at once; others count when no better one comes soon.
 * @throws AggregateError of what each said, in the order of `all`, when none gave an answer.
 */
export function askAll<A, V>(
  all: readonly A[],
  ask: (one: A) => Promise<V>,
  isGood: (value: V) => boolean,
): Promise<SentinelAnswer<A, V>> {
  return new Promise((resolve, reject) => {
    const errors: Error[] = [];
    let open = all.length;
    let second: SentinelAnswer<A, V> | undefined;
    let timer: NodeJS.Timeout | undefined;
    const settle = (answer: SentinelAnswer<A, V>): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    const closeOne = (): void => {
      if (--open !== 0) return;
      if (second === undefined) reject(new AggregateError(errors, "No Sentinel gave an answer"));
      else settle(second);
    };
    const take = (from: A, value: V): void => {
      if (isGood(value)) settle({ from, value });
      else if (second === undefined) {
        const answer = { from, value };
        second = answer;
        timer = setTimeout(() => settle(answer), GRACE);
      }
      closeOne();
    };
    all.forEach((from, index) => {
      ask(from).then(
        (value) => take(from, value),
        (error: Error) => {
          errors[index] = error;
          closeOne();
        },
      );
    });
  });
}

/**
 * Wait for the answer of one Sentinel, but not for ever.
 *
 * @param limit - ms.
 * @throws TimeoutError when there was none in time; it may still come.
 */
export function withTimeout<V>(
  { name }: QueriedSentinel,
  answer: Promise<V>,
  limit: number,
): Promise<V> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      reject(new TimeoutError("No answer in time", { code: "ETIMEDOUT", server: name }));
    };
    const timer = setTimeout(giveUp, limit);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** The error for a master no Sentinel would name. */
export function masterNotFound(name: string, cause: unknown): MasterNotFoundError {
  return new MasterNotFoundError(`No master found for '${name}'`, { code: "ENOMASTER", cause });
}

/** The error for replicas of which none could be used, nor the master in their place. */
export function replicaNotFound(name: string, cause: unknown): ReplicaNotFoundError {
  return new ReplicaNotFoundError(`No replica found for '${name}'`, { code: "ENOREPLICA", cause });
}

function causesOf(error: unknown): readonly unknown[] {
  const isOurs = error instanceof MasterNotFoundError || error instanceof ReplicaNotFoundError;
  return isOurs ? error.causes : [];
}

/** Whether a Sentinel was waited for in vain. */
export function isTimeout(error: unknown): boolean {
  return causesOf(error).some((cause) => cause instanceof TimeoutError);
}

/** Whether all Sentinels answered, and none knows the name: that does not heal by waiting. */
export function isUnknownName(error: unknown): boolean {
  const causes = causesOf(error);
  const isUnknown = (one: unknown): boolean =>
    one instanceof RedisError && one.code === UNKNOWN_NAME_CODE;
  return causes.length > 0 && causes.every(isUnknown);
}

/** The error for a Sentinel that has not heard of a fail-over yet. */
export function staleReportError(from: QueriedSentinel, { address }: MasterReport): RedisError {
  return sentinelError(
    from,
    `It still names ${formatAddress(address)}, which is no longer the master`,
  );
}
