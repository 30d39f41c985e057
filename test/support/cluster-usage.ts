/** What a client of a proxied cluster uses when nothing is in progress: memory, connections, sockets, timers. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { LeakWatch } from "./leaks.js";
import type { ProxiedCluster } from "./proxied-cluster.js";
import { until } from "./until.js";

/** ms in which the client closes idle leased connections. */
export const IDLE_MS = 500;
const SETTLE_MS = 15_000;

/** What is open after a round. */
export interface Usage {
  /** Bytes. */
  readonly heap: number;
  /** Connections of the client at the nodes. */
  readonly connections: number;
  /** Sockets of the client, including unreferenced ones. */
  readonly sockets: number;
  /** Timers of the client, including unreferenced ones. */
  readonly timers: number;
  /** Resources of the process that keep it alive, among them two sockets of a proxy per connection. */
  readonly resources: number;
}

/**
 * Count what is open, when the idle connections are closed.
 *
 * @param cluster - Whole, and not used.
 * @param name - Client name of the connections.
 * @param leaks - A watch that began before the client was created.
 */
export async function measureUsage(
  cluster: ProxiedCluster,
  name: string,
  leaks: LeakWatch,
): Promise<Usage> {
  let connections = -1;
  let since = 0;
  const isSteady = async (): Promise<boolean> => {
    const now = await cluster.connections(name);
    if (now !== connections) since = performance.now();
    connections = now;
    return performance.now() - since > 2 * IDLE_MS;
  };
  const message = () => `the number of connections, now ${connections}, changes`;
  await until(isSteady, { timeout: SETTLE_MS, interval: 100, message });
  for (const proxy of cluster.proxies) proxy.forgetClosed();
  await collectGarbage();
  const open = (kind: string): number => leaks.open().filter((one) => one.startsWith(kind)).length;
  return {
    heap: process.memoryUsage().heapUsed,
    connections,
    sockets: open("TCPWRAP"),
    timers: open("Timeout"),
    resources: process.getActiveResourcesInfo().length,
  };
}

async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Rounds during which V8 compiles code: the heap grows by 2 MB, of which the client's objects are nothing. */
const WARM_UP = 12;

/**
 * Compare the last rounds with the first ones.
 *
 * @param usage - After each round.
 * @returns The difference of the medians of the last and the first third of the rounds; `undefined` for few rounds.
 */
export function growthOf(usage: readonly Usage[]): Usage | undefined {
  const rounds = usage.slice(WARM_UP);
  const third = Math.floor(rounds.length / 3);
  if (third === 0) return undefined;
  const growth = (key: keyof Usage): number =>
    median(rounds.slice(-third), key) - median(rounds.slice(0, third), key);
  return {
    heap: growth("heap"),
    connections: growth("connections"),
    sockets: growth("sockets"),
    timers: growth("timers"),
    resources: growth("resources"),
  };
}

function median(usage: readonly Usage[], key: keyof Usage): number {
  const values = usage.map((one) => one[key]).sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)] ?? 0;
}
