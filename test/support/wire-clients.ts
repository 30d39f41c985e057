/**
 * Helpers of the wire tests: clients with short deadlines, and the check that no socket or timer is left
 * after a test. Nothing here retries or sleeps.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach } from "vitest";
import { type ClientOptions, Redis, Retry } from "../../src/index.js";
import { ConstantBackoff } from "../../src/options/backoff.js";
import { type LeakWatch, watchLeaks } from "./leaks.js";
import { bulk, type Peer } from "./mock-server.js";
import { setSettleLimit } from "./settle.js";

/** Settings with short deadlines, in ms. */
export const SHORT_DEADLINES = {
  socketTimeout: 2000,
  socketConnectTimeout: 3000,
  blockingGrace: 100,
  retry: new Retry(new ConstantBackoff(1), 2),
};

/** Settings without a handshake: the first bytes on the wire belong to the first command. */
export const NO_HANDSHAKE = { libName: null, libVersion: null };

/** What Redis answers to AUTH when the default user has no password. */
export const NO_PASSWORD =
  "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";

// A promise of a QUICK client settles within this time, on a busy machine too.
setSettleLimit(4_000);

/** Number of event loop turns in {@link waitEventLoopTurns}. */
const TURNS = 8;

/** Reply to every GET with its key, and anything else with OK, until the client closes. */
export async function echo(peer: Peer): Promise<void> {
  for await (const [name, key = ""] of peer.commands()) {
    peer.send(name === "GET" ? bulk(key) : "+OK\r\n");
  }
}

/** Address that a client connects to. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/**
 * Create a client of a mock server.
 *
 * @param target - The mock server, or a proxy.
 * @param options - Options that override {@link SHORT_DEADLINES} and {@link NO_HANDSHAKE}.
 */
export function clientOf(target: Target, options: ClientOptions = {}): Redis {
  const { host, port } = target;
  return new Redis<ClientOptions>({
    host,
    port,
    ...SHORT_DEADLINES,
    ...NO_HANDSHAKE,
    ...options,
  }) as Redis;
}

/** Check after every test of the file that no socket and no timer is left. */
export function watchEveryTest(): void {
  let watch: LeakWatch | undefined;
  beforeEach(() => {
    watch = watchLeaks();
  });
  afterEach(() => watch?.assertNone());
}

/** Wait a few turns of the event loop, not a time, until bytes on the loopback have arrived. */
export async function waitEventLoopTurns(turns: number = TURNS): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await nextTurn();
}

/** Wait until a connection that is idle now is checked before its next command, with `healthCheckInterval: 1`. */
export async function passHealthCheckInterval(): Promise<void> {
  const end = performance.now() + 2;
  while (performance.now() <= end) await nextTurn();
}
