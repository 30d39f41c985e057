/**
 * The queries sent to Sentinels, and which answers count: a master must be up and monitored by enough
 * Sentinels. All Sentinels are queried in parallel; the first good answer wins. Stateless.
 */

import type { Arg, CommandInfo, Decoder } from "../commands/core/info.js";
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
import { type Address, formatAddress, reportedAddress, sameAddress } from "../options/address.js";
import { limitWait } from "../util/deadline-timer.js";
import {
  firstStates,
  MAX_REPLICAS,
  reportedCount,
  reportedState,
  reportedStates,
} from "./reports.js";

/** A Sentinel that can be queried. */
export interface QueriedSentinel {
  /** `host:port`. */
  readonly name: string;
  /** Run a command on the Sentinel; returns the reply, decoded by `decode` or the command's decoder. */
  run(info: CommandInfo, args: readonly Arg[], decode?: Decoder): Promise<unknown>;
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

function sentinelError(from: QueriedSentinel, message: string, code = "ESENTINEL"): RedisError {
  return new RedisError(message, { code, server: from.name });
}

/** The error for an answer that is not what the command returns. */
function malformedAnswer(from: QueriedSentinel, { name }: CommandInfo): RedisError {
  return sentinelError(from, `The Sentinel's answer to ${name} is malformed`);
}

const decodeReplicas = firstStates(MAX_REPLICAS);

/** Give the error for an unknown name a code of its own; the server sends it with the generic code ERR. */
async function run(
  from: QueriedSentinel,
  info: CommandInfo,
  [name, decode]: [name: string, decode?: Decoder],
): Promise<unknown> {
  try {
    return await from.run(info, [name], decode);
  } catch (error) {
    if (error instanceof ResponseError && /no such master/i.test(error.message)) {
      throw sentinelError(from, error.message, UNKNOWN_NAME_CODE);
    }
    throw error;
  }
}

function problemOf(state: SentinelState, minOtherSentinels: number): string | undefined {
  if (state.isSdown || state.isOdown) return "The master is down";
  return missingSentinels(state, minOtherSentinels);
}

function missingSentinels(state: SentinelState, minOtherSentinels: number): string | undefined {
  const others = reportedCount(state["num-other-sentinels"]);
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
  const [master, place] = await Promise.all([
    run(from, SENTINEL_MASTER, [name]),
    run(from, SENTINEL_GET_MASTER_ADDR_BY_NAME, [name]),
  ]);
  if (place === null) throw sentinelError(from, "No such master with that name", UNKNOWN_NAME_CODE);
  const address = Array.isArray(place) ? reportedAddress(place[0], place[1]) : undefined;
  if (address === undefined) throw malformedAnswer(from, SENTINEL_GET_MASTER_ADDR_BY_NAME);
  const state = reportedState(master);
  const known = reportedAddress(state?.ip, state?.port);
  if (state === undefined || known === undefined) throw malformedAnswer(from, SENTINEL_MASTER);
  if (!state.isMaster) throw sentinelError(from, "The server is not a master");
  // During a failover the state is still that of the old master, the address already the new one.
  const problem = sameAddress(known, address)
    ? problemOf(state, minOtherSentinels)
    : missingSentinels(state, minOtherSentinels);
  if (problem !== undefined) throw sentinelError(from, problem);
  return { address, epoch: reportedCount(state["config-epoch"]) };
}

/**
 * Query one Sentinel for the healthy replicas of a master. Those to which the Sentinel has no connection are
 * returned only if it has none to any, as after its start. The state of their links to the master is ignored,
 * because Sentinels read it every ten seconds only.
 */
export async function askReplicas(from: QueriedSentinel, name: string): Promise<Address[]> {
  const states = reportedStates(await run(from, SENTINEL_REPLICAS, [name, decodeReplicas]));
  if (states === undefined) throw malformedAnswer(from, SENTINEL_REPLICAS);
  const up = states.filter(({ isSdown, isOdown }) => !isSdown && !isOdown);
  const connected = up.filter(({ isDisconnected }) => !isDisconnected);
  const addresses = new Map<string, Address>();
  for (const { ip, port } of connected.length === 0 ? up : connected) {
    const address = reportedAddress(ip, port);
    if (address !== undefined) addresses.set(formatAddress(address), address);
  }
  return [...addresses.values()];
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
    let stopTimer: (() => void) | undefined;
    const settle = (answer: SentinelAnswer<A, V>): void => {
      stopTimer?.();
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
        stopTimer = limitWait(GRACE, () => settle(answer));
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
    const stopTimer = limitWait(timeout, onTimeout);
    answer.then(resolve, reject).finally(stopTimer);
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
