/**
 * Decides what follows an error reply of a node: whether the cluster is the reason, and where and when the
 * request is sent again. Pure. Only errors after which the request was certainly not executed lead to a resend.
 */
import { AskError, ClusterError, DataError, MovedError, type RedisError } from "../errors.js";
import { type AddressRemap, type NodeAddress, nodeName, redirectTarget } from "./view.js";

/** What follows an error reply. */
export type Fate =
  /** The caller gets the error. `refresh`: the map should be refreshed all the same. */
  | { readonly kind: "deliver"; readonly refresh: boolean }
  /** The slot belongs to `target` now: patch the map, and send the request there. */
  | { readonly kind: "move"; readonly slot: number; readonly target: NodeAddress }
  /** Send the request to `target` once, behind ASKING. The map stays as it is. */
  | { readonly kind: "ask"; readonly slot: number; readonly target: NodeAddress }
  /** Route the request by the map again after `pause` ms. `reconnect`: not over the connection of the reply. */
  | {
      readonly kind: "wait";
      readonly pause: number;
      readonly refresh: boolean;
      readonly reconnect: boolean;
    }
  /** The caller gets another error than that of the node. */
  | { readonly kind: "refuse"; readonly error: RedisError };

/** What a request has gone through so far. */
export interface Journey {
  /** Number of redirects that were followed. */
  redirects: number;
  /** Number of waits. */
  waits: number;
  /** Time of the first redirect or wait, in ms of `performance.now()`; 0: none yet. */
  since: number;
  /** The last error. */
  last: RedisError | undefined;
  /** Place among the requests that were refused, which is their order of issue on one slot; 0: not refused yet. */
  order: number;
  /** The error with which a node refused ASKING, which explains the redirects that followed. */
  asking: RedisError | undefined;
}

/** Limits of a journey. */
export interface JourneyLimits {
  /** Most redirects of one request. */
  readonly redirects: number;
  /** Most waits of one request: the option `clusterErrorRetryAttempts`. */
  readonly waits: number;
}

/** What a decision depends on besides the error. */
export interface FateContext {
  readonly journey: Readonly<Journey>;
  /** Address of the node that replied. */
  readonly from: NodeAddress;
  readonly limits: JourneyLimits;
  /** The option `addressRemap`, checked. */
  readonly remap?: AddressRemap | undefined;
  /** Returns whether the client can send to the target of a redirect; default: it can. */
  readonly accepts?: ((target: NodeAddress) => boolean) | undefined;
  /** Whether the text of the error may be a script's own: EVAL, FCALL and the like. */
  readonly isScript: boolean;
  /** Slot of the request's keys; negative: none. */
  readonly slot: number;
  /** Returns a number of 0 up to 1, as `Math.random` does. */
  readonly random: () => number;
}

/** Most redirects of one request, as in redis-py. */
export const MAX_REDIRECTS = 16;

/**
 * After each group of so many redirects a request waits once. Nodes disagree for up to 50 ms during a failover
 * and send a request back and forth; without a pause that would use up all redirects within milliseconds.
 */
const REDIRECTS_PER_WAIT = 4;

/** ms; pause while the keys of a command are on two nodes, and its longer form after some attempts. */
const SHORT_PAUSE = 50;
const SHORT_PAUSES = 4;
/** ms; bounds of the pause while a shard or a node is down. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 750;

/** Texts of servers. A script may write an error of any other text, after it has changed data. */
const SERVER_TEXTS: Readonly<Record<string, RegExp>> = {
  MOVED: /^MOVED \d+ \S*:\d+$/,
  ASK: /^ASK \d+ \S*:\d+$/,
  TRYAGAIN:
    /^TRYAGAIN (?:Multiple keys request during rehashing of slot|Slot is being trimmed)\.?$/,
  CLUSTERDOWN: /^CLUSTERDOWN (?:The cluster is down|Hash slot not served)/,
  MASTERDOWN: /^MASTERDOWN Link with MASTER is down/,
  LOADING: /^LOADING \w+ is loading the dataset in memory/,
};

/** A blocked client was released because the node is no longer a primary; CLIENT UNBLOCK has another text. */
const ROLE_CHANGED = /^UNBLOCKED force unblock from blocking operation, instance state changed/;

const DELIVER: Fate = { kind: "deliver", refresh: false };
const DELIVER_AND_REFRESH: Fate = { kind: "deliver", refresh: true };

/** Whether the error may be a script's own, so that the script may have been executed. */
function isOwnText(error: RedisError, { isScript, slot }: FateContext): boolean {
  if (!isScript) return false;
  if (SERVER_TEXTS[error.code]?.test(error.message) !== true) return true;
  return error instanceof AskError && error.slotId !== slot;
}

/** Double the pause with every wait, up to the longest one; shorten it by up to a half at random. */
function pauseOf(first: number, doublings: number, random: () => number): number {
  const pause = Math.min(first * 2 ** doublings, LONGEST_PAUSE);
  return Math.ceil(pause * (0.5 + random() / 2));
}

function exhausted(error: RedisError, { asking }: Readonly<Journey>): Fate {
  const { command, server } = error;
  const details = { command, server, outcome: "not-sent", cause: error } as const;
  return { kind: "refuse", error: new ClusterError(exhaustedText(asking), details) };
}

function exhaustedText(asking: RedisError | undefined): string {
  if (asking === undefined) return "TTL exhausted.";
  const remedy = asking.code === "NOPERM" ? ' (grant the right "+asking")' : "";
  return `TTL exhausted: ASKING was refused: ${asking.message}${remedy}`;
}

/** Wait while the cluster or a node is down. */
function waitForRecovery(context: FateContext): Fate {
  const { journey, random } = context;
  const pause = pauseOf(FIRST_PAUSE, journey.waits, random);
  return { kind: "wait", pause, refresh: true, reconnect: false };
}

/** Wait for something that takes milliseconds: keys of a slot in migration, nodes that disagree. */
function waitShortly({ journey, random }: FateContext, isElsewhere: boolean): Fate {
  const pause = pauseOf(SHORT_PAUSE, Math.max(0, journey.waits - SHORT_PAUSES + 1), random);
  return { kind: "wait", pause, refresh: isElsewhere, reconnect: false };
}

function targetOf(
  error: AskError,
  { from, remap }: FateContext,
): NodeAddress | undefined | DataError {
  try {
    return redirectTarget(error, from, remap);
  } catch (reason) {
    // The caller's own function failed.
    if (reason instanceof DataError) return reason;
    return new DataError('option "addressRemap" must not throw', { cause: reason });
  }
}

function redirected(error: AskError, context: FateContext): Fate {
  const { journey, limits, from } = context;
  if (journey.redirects >= limits.redirects) return exhausted(error, journey);
  const target = targetOf(error, context);
  if (target instanceof DataError) return { kind: "refuse", error: target };
  const isLoop = target !== undefined && nodeName(target) === nodeName(from);
  const mustPause = journey.redirects >= REDIRECTS_PER_WAIT * (journey.waits + 1);
  const isUsable = target !== undefined && context.accepts?.(target) !== false;
  if (!isUsable || isLoop || mustPause) {
    if (journey.waits >= limits.waits) return exhausted(error, journey);
    const fate = waitShortly(context, true);
    return fate.kind === "wait" && isLoop ? { ...fate, reconnect: true } : fate;
  }
  const kind = error instanceof MovedError ? "move" : "ask";
  return { kind, slot: error.slotId, target };
}

/**
 * Decide what follows an error reply.
 *
 * @param error - The error, as the node sent it.
 * @param context - What the request has gone through, and the limits.
 * @returns When the limit of waits is reached, the error of the node itself is delivered. When the limit of
 * redirects is reached, the caller gets a {@link ClusterError} whose cause is the last redirect.
 */
export function fateOf(error: RedisError, context: FateContext): Fate {
  // An error with an outcome is not a reply: the connection was lost, or its handshake failed.
  if (error.outcome !== undefined) return DELIVER;
  if (error.code === "UNBLOCKED" && !ROLE_CHANGED.test(error.message)) return DELIVER;
  // Written before the node was demoted, or by the script itself: data may have been changed.
  if (error.code === "READONLY" && context.isScript) return DELIVER_AND_REFRESH;
  if (error.code !== "READONLY" && isOwnText(error, context)) return DELIVER;
  if (error instanceof AskError) return redirected(error, context);
  return waited(error, context);
}

function waited(error: RedisError, context: FateContext): Fate {
  const hasWaited = context.journey.waits >= context.limits.waits;
  switch (error.code) {
    case "TRYAGAIN":
      return hasWaited ? DELIVER : waitShortly(context, false);
    case "UNBLOCKED":
      return hasWaited ? DELIVER_AND_REFRESH : waitShortly(context, true);
    case "CLUSTERDOWN":
    case "MASTERDOWN":
    case "LOADING":
    case "READONLY":
      return hasWaited ? DELIVER_AND_REFRESH : waitForRecovery(context);
    default:
      return DELIVER;
  }
}

/** Start a journey. */
export function newJourney(): Journey {
  return { redirects: 0, waits: 0, since: 0, last: undefined, order: 0, asking: undefined };
}

/**
 * Count what a fate adds to a journey.
 *
 * @param now - `performance.now()`.
 */
export function advance(journey: Journey, error: RedisError, { kind }: Fate, now: number): void {
  if (kind !== "move" && kind !== "ask" && kind !== "wait") return;
  if (kind === "wait") journey.waits += 1;
  else journey.redirects += 1;
  if (journey.since === 0) journey.since = now;
  journey.last = error;
}
