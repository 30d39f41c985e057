/**
 * The chaos run: many flows over one client, with a proxy that causes random faults, all from one seed. The
 * flows check values; this module checks that faults and commands have really occurred.
 */
import { expect } from "vitest";
import { BlockingConnectionPool, ExponentialBackoff, Redis, Retry } from "../../src/index.js";
import { Flow, Tally } from "./chaos-flows.js";
import { type FaultProxy, startProxy } from "./fault-proxy.js";
import { Random } from "./random.js";
import type { RunningServer } from "./server.js";
import { settle } from "./settle.js";
import { until } from "./until.js";

const FLOWS = 200;
const CONNECTIONS = 20;
/** Longest duration of a fault in ms, unless it must exceed the deadlines. */
const MAX_SHORT_FAULT = 60;
/** Longest time between two faults, in ms. */
const MAX_PAUSE = 200;
/** Longest time in ms for which a run goes on until there are enough results. */
const MAX_OVERTIME = 20_000;
/** Deadline of a stalled command, in ms. */
const SOCKET_TIMEOUT = 300;

type CauseFault = (proxy: FaultProxy, random: Random) => undefined | (() => void | Promise<void>);

/** Faults. A fault that lasts returns a function that ends it. */
const FAULTS: readonly CauseFault[] = [
  (proxy) => void proxy.cutAll("rst"),
  (proxy) => void proxy.cutAll("fin"),
  (proxy, random) => void proxy.up.cutAfter(random.int(0, 5000)),
  (proxy, random) => void proxy.down.cutAfter(random.int(0, 5000), { how: "fin", times: 3 }),
  (proxy) => void proxy.down.halfClose(),
  (proxy) => {
    proxy.down.stall();
    return () => proxy.down.resume();
  },
  (proxy) => {
    proxy.up.stall();
    return () => proxy.up.resume();
  },
  (proxy, random) => {
    proxy.down.chunk(random.int(1, 7));
    return () => proxy.down.chunk(0);
  },
  (proxy, random) => {
    proxy.up.chunk(random.int(1, 7));
    return () => proxy.up.chunk(0);
  },
  (proxy, random) => {
    proxy.down.delay(random.int(1, 40));
    return () => proxy.down.delay(0);
  },
  (proxy) => {
    proxy.blackhole();
    return () => {
      proxy.blackhole(false);
      proxy.cutAll("rst");
    };
  },
  (proxy) => {
    proxy.refuse();
    return () => proxy.accept();
  },
];

/** Options of a run. */
export interface ChaosOptions {
  readonly seed: number;
  /** Shortest duration in ms. */
  readonly duration: number;
  /** Number of results of each kind before which the run does not end: a busy machine needs more time for them. */
  readonly least: { readonly ok: number; readonly unknown: number };
  readonly protocol: 2 | 3;
}

/**
 * Run the flows and the faults.
 *
 * @throws Error that names an impossible value, a pending promise or missing results, and the seed.
 */
export async function chaos(server: RunningServer, options: ChaosOptions): Promise<void> {
  const { seed, protocol } = options;
  try {
    await using proxy = await startProxy(server);
    const connectionPool = new BlockingConnectionPool({
      url: proxy.url,
      protocol,
      maxConnections: CONNECTIONS,
      timeout: SOCKET_TIMEOUT,
      socketTimeout: SOCKET_TIMEOUT,
      socketConnectTimeout: SOCKET_TIMEOUT,
      blockingGrace: SOCKET_TIMEOUT,
      retry: new Retry(new ExponentialBackoff(20, 2), 8),
    });
    const redis = new Redis({ connectionPool });
    const tally = await runFlows({ server, proxy, redis }, options);
    expect((await settle(connectionPool.close())).ok).toBe(true);
    // Both flows and faults were active.
    expect(tally.ok).toBeGreaterThanOrEqual(options.least.ok);
    expect(tally.unknown).toBeGreaterThanOrEqual(options.least.unknown);
  } catch (error) {
    throw new Error(`chaos with seed ${seed}, RESP${protocol}: ${error}`, { cause: error });
  }
}

interface RunParts {
  readonly server: RunningServer;
  readonly proxy: FaultProxy;
  readonly redis: Redis;
}

async function runFlows({ server, proxy, redis }: RunParts, options: ChaosOptions): Promise<Tally> {
  const random = new Random(options.seed);
  const tally = new Tally();
  const end = performance.now() + options.duration;
  const { least } = options;
  const isOver = (): boolean => {
    const now = performance.now();
    const isEnough = tally.ok >= least.ok && tally.unknown >= least.unknown;
    return now >= (isEnough ? end : end + MAX_OVERTIME);
  };
  const flows = Array.from({ length: FLOWS }, (_, i) => {
    const parts = { random: new Random(random.int(1, 2 ** 30)), tally };
    return new Flow(`${options.seed}:${options.protocol}:${i}:`, redis, parts);
  });
  const running = flows.map(async (flow) => {
    while (!isOver()) await flow.step();
  });
  const all = Promise.all(running);
  all.catch(() => {});
  while (!isOver()) await causeRandomFault(proxy, random);
  expect((await settle(all, 10_000)).ok).toBe(true);
  // A stalled command may still be executed until its connection is closed, but not later.
  redis.disconnect();
  proxy.cutAll("rst");
  // The proxy keeps the server side of connections open whose bytes it discards.
  await server.command("CLIENT", "KILL", "TYPE", "normal");
  await until(async () => (await server.clients()).length === 0);
  for (const flow of flows) await flow.verify((...words) => server.command(...words));
  return tally;
}

async function causeRandomFault(proxy: FaultProxy, random: Random): Promise<void> {
  const endFault = random.pick(FAULTS)(proxy, random);
  // Sometimes longer than the deadlines.
  const longest = random.chance(0.2) ? 2 * SOCKET_TIMEOUT : MAX_SHORT_FAULT;
  await new Promise((resolve) => setTimeout(resolve, random.int(1, longest)));
  await endFault?.();
  await new Promise((resolve) => setTimeout(resolve, random.int(1, MAX_PAUSE)));
}
