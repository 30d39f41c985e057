/**
 * Owns what the wire tests share: clients whose deadlines pass quickly, waiting for a promise to
 * settle, and the watch for sockets and timers that stay behind. Nothing here retries or sleeps.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach } from "vitest";
import { type ClientOptions, type Outcome, Redis, RedisError, Retry } from "../../src/index.js";
import { ConstantBackoff } from "../../src/options/backoff.js";
import { type LeakWatch, watchLeaks } from "./leaks.js";
import { bulk, type Peer } from "./mock-server.js";

/** Settings under which a test need not wait long for any deadline. Milliseconds. */
export const QUICK = {
  socketTimeout: 2000,
  socketConnectTimeout: 3000,
  blockingGrace: 100,
  retry: new Retry(new ConstantBackoff(1), 2),
};

/** A client without a handshake: the first bytes on the wire are the first command's. */
export const BARE = { libName: null, libVersion: null };

/** Longest time a promise of a {@link QUICK} client may take, with room for a busy machine. */
const PATIENCE = 4_000;

/** How often {@link settleDown} lets the event loop turn. */
const TURNS = 8;

/** Answer every GET with its key, and anything else with OK, until the client closes. */
export async function echo(peer: Peer): Promise<void> {
  for await (const [name, key = ""] of peer.commands()) {
    peer.send(name === "GET" ? bulk(key) : "+OK\r\n");
  }
}

/** Where a client connects. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/**
 * Make a client of a mock server.
 *
 * @param target - The mock, or a proxy.
 * @param options - Over {@link QUICK} and {@link BARE}.
 */
export function clientOf(target: Target, options: ClientOptions = {}): Redis {
  const { host, port } = target;
  return new Redis<ClientOptions>({ host, port, ...QUICK, ...BARE, ...options }) as Redis;
}

/** Watch every test of the file: no socket and no timer may be left when it is over. */
export function watchEveryTest(): void {
  let watch: LeakWatch | undefined;
  beforeEach(() => {
    watch = watchLeaks();
  });
  afterEach(() => watch?.assertNone());
}

/** Let what is under way on the loopback arrive: a few turns of the event loop, not a time. */
export async function settleDown(turns: number = TURNS): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await nextTurn();
}

/**
 * Wait for a promise to reject.
 *
 * @param promise - What is awaited.
 * @param within - Milliseconds it may take.
 * @returns Its error.
 * @throws Error when it resolves, does not settle, or rejects with anything but a RedisError.
 */
export async function errorOf(
  promise: PromiseLike<unknown>,
  within: number = PATIENCE,
): Promise<RedisError> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not settled after ${within} ms`)), within);
  });
  try {
    const value = await Promise.race([promise, late]);
    throw new Error(`resolved with ${JSON.stringify(value)} instead of rejecting`);
  } catch (error) {
    if (error instanceof RedisError) return error;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Class and outcome in one string, for comparing: `"ConnectionError unknown"`. */
export function kindOf(error: {
  readonly name: string;
  readonly outcome?: Outcome | undefined;
}): string {
  return error.outcome === undefined ? error.name : `${error.name} ${error.outcome}`;
}

/** Wait for a promise to reject, and say how in one string. */
export async function kindOfFailure(promise: PromiseLike<unknown>): Promise<string> {
  return kindOf(await errorOf(promise));
}
