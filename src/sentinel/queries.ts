/**
 * The queries sent to Sentinels, and which answers count: a master must be up and monitored by enough
 * Sentinels. All Sentinels are queried in parallel; the first good answer wins. Stateless.
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

/** A Sentinel that can be queried. */
export interface QueriedSentinel {
  /** `host:port`. */
  readonly name: string;
  /** Run a command on the Sentinel; returns the decoded reply. */
  run(info: CommandInfo, args: readonly Arg[]): Promise<unknown>;
}

/** What a Sentinel reports about a master. */
export interface MasterReport {
  readonly address: Address;
  /** Configuration epoch: grows with every failover. */
  readonly epoch: number;
}

/** An answer and the Sentinel it came from. */
export interface SentinelAnswer<A, V> {
  readonly from: A;
  readonly value: V;
}

/** Code of the error when a Sentinel monitors no master of that name. */
const UNKNOWN_NAME_CODE = "ENOSERVICE";
/** ms; how long to wait for a good answer after one that is only acceptable. */
const GRACE = 150;

/** Build an address from the host and port that a Sentinel reports. */
export function addressOf(host: string, port: number | string): Address {
  return { kind: "tcp", host, port: Number(port) };
}

function sentinelError(from: QueriedSentinel, message: string, code = "ESENTINEL"): RedisError {
  return new RedisError(message, { code, server: from.name });
}

/** Give the error for an unknown name a code of its own; the server sends it with the generic code ERR. */
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
  if (!state.isMaster) return "The server is not a master";
  if (state.isSdown || state.isOdown) return "The master is down";
  return missingSentinels(state, minOtherSentinels);
}

function missingSentinels(state: SentinelState, minOtherSentinels: number): string | undefined {
  const others = state["num-other-sentinels"] ?? 0;
  if (others >= minOtherSentinels) return undefined;
  const subject = others === 1 ? "1 other Sentinel monitors" : `${others} other Sentinels monitor`;
  return `Only ${subject} the master; ${minOtherSentinels} required`;
}

/**
 * Query one Sentinel for a master.
 *
 * @param minOtherSentinels - How many other Sentinels must monitor it.
 * @throws RedisError when it reports no usable master.
 */
export async function askMaster(
  from: QueriedSentinel,
  name: string,
  minOtherSentinels: number,
): Promise<MasterReport> {
  const [state, address] = await Promise.all([
    run<SentinelState>(from, SENTINEL_MASTER, name),
    run<[string, number] | null>(from, SENTINEL_GET_MASTER_ADDR_BY_NAME, name),
  ]);
  if (address === null)
    throw sentinelError(from, "No such master with that name", UNKNOWN_NAME_CODE);
  // During a failover the state is still that of the old master, the address already the new one.
  const isNew = address[0] !== state.ip || address[1] !== state.port;
  const problem = isNew
    ? missingSentinels(state, minOtherSentinels)
    : problemOf(state, minOtherSentinels);
  if (problem !== undefined) throw sentinelError(from, problem);
  return { address: addressOf(...address), epoch: state["config-epoch"] ?? 0 };
}

/** Query one Sentinel for the healthy replicas of a master. */
export async function askReplicas(from: QueriedSentinel, name: string): Promise<Address[]> {
  const states = await run<SentinelState[]>(from, SENTINEL_REPLICAS, name);
  return states
    .filter(({ isSdown, isOdown }) => !isSdown && !isOdown)
    .map(({ ip, port }) => addressOf(ip, port));
}

/**
 * Query all Sentinels in parallel.
 *
 * @param all - The Sentinels.
 * @param ask - Queries one of them.
 * @param isGood - Whether an answer is used immediately. The first other answer is used when no good one
 * arrives within 150 ms, or none can arrive any more.
 * @throws AggregateError with the error of each Sentinel, in the order of `all`, when none answers.
 */
export function askAll<A, V>(
  all: readonly A[],
  ask: (sentinel: A) => Promise<V>,
  isGood: (value: V) => boolean,
): Promise<SentinelAnswer<A, V>> {
  return new Promise((resolve, reject) => {
    const errors: Error[] = [];
    let pending = all.length;
    let acceptable: SentinelAnswer<A, V> | undefined;
    let timer: NodeJS.Timeout | undefined;
    const settle = (answer: SentinelAnswer<A, V>): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    const finishOne = (): void => {
      if (--pending !== 0) return;
      if (acceptable === undefined)
        reject(new AggregateError(errors, "Every Sentinel query failed"));
      else settle(acceptable);
    };
    const take = (from: A, value: V): void => {
      if (isGood(value)) settle({ from, value });
      else if (acceptable === undefined) {
        const answer = { from, value };
        acceptable = answer;
        timer = setTimeout(() => settle(answer), GRACE);
      }
      finishOne();
    };
    all.forEach((from, index) => {
      ask(from).then(
        (value) => take(from, value),
        (error: Error) => {
          errors[index] = error;
          finishOne();
        },
      );
    });
  });
}

/**
 * Wait for the answer of one Sentinel for a limited time.
 *
 * @param timeout - ms.
 * @throws TimeoutError when no answer arrives in time. The query itself goes on.
 */
export function withTimeout<V>(
  { name }: QueriedSentinel,
  answer: Promise<V>,
  timeout: number,
): Promise<V> {
  return new Promise((resolve, reject) => {
    const onTimeout = (): void => {
      const details = { code: "ETIMEDOUT", server: name };
      reject(new TimeoutError("Timeout waiting for the Sentinel's answer", details));
    };
    const timer = setTimeout(onTimeout, timeout);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** The error when no Sentinel reports a usable master. */
export function masterNotFound(name: string, cause: unknown): MasterNotFoundError {
  return new MasterNotFoundError(`No master found for '${name}'`, { code: "ENOMASTER", cause });
}

/** The error when neither a replica nor, in its place, the master can be used. */
export function replicaNotFound(name: string, cause: unknown): ReplicaNotFoundError {
  return new ReplicaNotFoundError(`No replica found for '${name}'`, { code: "ENOREPLICA", cause });
}

function causesOf(error: unknown): readonly unknown[] {
  const hasCauses = error instanceof MasterNotFoundError || error instanceof ReplicaNotFoundError;
  return hasCauses ? error.causes : [];
}

/** Whether the error includes a Sentinel that did not answer in time. */
export function isTimeout(error: unknown): boolean {
  return causesOf(error).some((cause) => cause instanceof TimeoutError);
}

/** Whether every Sentinel answered that the name is unknown: a retry would not help. */
export function isUnknownName(error: unknown): boolean {
  const causes = causesOf(error);
  const isUnknown = (cause: unknown): boolean =>
    cause instanceof RedisError && cause.code === UNKNOWN_NAME_CODE;
  return causes.length > 0 && causes.every(isUnknown);
}

/** The error for a report from before the last failover. */
export function staleReportError(from: QueriedSentinel, { address }: MasterReport): RedisError {
  return sentinelError(
    from,
    `The Sentinel still reports ${formatAddress(address)}, which is no longer the master`,
  );
}
