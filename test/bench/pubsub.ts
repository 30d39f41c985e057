/**
 * Owns the measurement of subscribers: one subscription with a handler, and a burst of messages of 16
 * bytes that lies ready in the server. Each client has a process of its own; all take turns, and every one
 * must see every message, in order. Run it after `npm run build`:
 *
 *     npx tsup --config test/bench/tsup.json && node test/bench/.build/pubsub.js [rounds] [messages]
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DIST } from "./paths.js";
import { chooseCores, onCore, startBenchServer } from "./setup.js";
import { median } from "./statistics.js";

/** The server makes the messages itself: no publisher takes time from anybody. */
const PUBLISH = `for i = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  redis.call('PUBLISH', ARGV[1], string.format('%016d', i))
end`;
/** Messages made by one script; it must end before the server thinks it hangs. */
const BATCH = 100_000;

type OnMessage = (data: string) => void;
/** Whom to listen to, and what to do then. */
interface Listening {
  readonly port: number;
  readonly channel: string;
  readonly onMessage: OnMessage;
}
type Subscribe = (listening: Listening) => Promise<unknown>;

interface Rediswire {
  readonly Redis: new (
    options: object,
  ) => {
    pubsub(): { subscribe(handlers: object): Promise<void> };
  };
}
interface IoRedis {
  readonly Redis: new (
    options: object,
  ) => NodeJS.EventEmitter & {
    subscribe(channel: string): Promise<unknown>;
  };
}
interface NodeRedis {
  createClient(options: object): {
    connect(): Promise<unknown>;
    subscribe(channel: string, onMessage: OnMessage): Promise<unknown>;
  };
}

// In variables: this must compile where the peers are not installed.
const IOREDIS: string = "ioredis";
const NODE_REDIS: string = "redis";

async function openRediswire(listening: Listening, options: object): Promise<unknown> {
  const { port, channel, onMessage } = listening;
  const { Redis } = (await import(pathToFileURL(DIST).href)) as Rediswire;
  const pubsub = new Redis({ port, ...options }).pubsub();
  await pubsub.subscribe({ [channel]: ({ data }: { data: string }) => onMessage(data) });
  return pubsub;
}

async function openIoredis({ port, channel, onMessage }: Listening): Promise<unknown> {
  const { Redis } = (await import(IOREDIS)) as IoRedis;
  const redis = new Redis({ port });
  redis.on("message", (_channel: string, data: string) => onMessage(data));
  await redis.subscribe(channel);
  return redis;
}

async function openNodeRedis(listening: Listening, options: object): Promise<unknown> {
  const { port, channel, onMessage } = listening;
  const { createClient } = (await import(NODE_REDIS)) as NodeRedis;
  const redis = createClient({ socket: { port }, ...options });
  await redis.connect();
  await redis.subscribe(channel, onMessage);
  return redis;
}

/** As each client's own documentation shows it. */
const CLIENTS: Readonly<Record<string, Subscribe>> = {
  rediswire: (listening) => openRediswire(listening, {}),
  "rediswire, RESP3": (listening) => openRediswire(listening, { protocol: 3 }),
  ioredis: openIoredis,
  "node-redis": (listening) => openNodeRedis(listening, {}),
  "node-redis, RESP2": (listening) => openNodeRedis(listening, { RESP: 2 }),
};

/** What a client saw of one round. */
interface Sample {
  /** Messages per second, from the first to the last. */
  readonly rate: number;
  /** CPU time of the client process per message, in µs. */
  readonly cpu: number;
  /** Bytes of heap after a collection. */
  readonly heap: number;
}

/** The child: count what comes, and tell when a round is complete. */
async function subscribe(name: string, port: number): Promise<void> {
  let expected = 0;
  let last = 0;
  let begun = 0;
  let cpu = process.cpuUsage();
  const finish = (): void => {
    const used = process.cpuUsage(cpu);
    const seconds = (performance.now() - begun) / 1000;
    globalThis.gc?.();
    const sample: Sample = {
      rate: last / seconds,
      cpu: (used.user + used.system) / last,
      heap: process.memoryUsage().heapUsed,
    };
    process.send?.(sample);
  };
  const onMessage = (data: string): void => {
    if (expected === 0) begun = performance.now();
    if (Number(data) !== expected++) throw new Error(`${name}: message ${data} at ${expected - 1}`);
    if (expected === last) finish();
  };
  await CLIENTS[name]?.({ port, channel: name, onMessage });
  process.on("message", (count: number) => {
    last = count;
    expected = 0;
    cpu = process.cpuUsage();
    process.send?.("counting");
  });
  process.once("disconnect", () => process.exit());
  process.send?.("ready");
}

async function answer(child: ChildProcess): Promise<unknown> {
  const answered = new AbortController();
  const { signal } = answered;
  const message = once(child, "message", { signal });
  const exit = once(child, "exit", { signal }).then(([code]) => {
    throw new Error(`a client's process ended: ${code}`);
  });
  try {
    const [answer] = (await Promise.race([message, exit])) as [unknown];
    return answer;
  } finally {
    // The loser of the race must neither stay subscribed nor reject unheard.
    message.catch(() => undefined);
    exit.catch(() => undefined);
    answered.abort();
  }
}

async function main(rounds: number, messages: number): Promise<void> {
  const cores = chooseCores(true);
  await using server = await startBenchServer(cores);
  await server.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0");
  const samples = new Map<string, Sample[]>();
  const children = new Map<string, ChildProcess>();
  for (const name of Object.keys(CLIENTS)) {
    const [program, ...args] = [...onCore(cores?.client), process.execPath, "--expose-gc"];
    const options = { execPath: program, execArgv: args };
    const child = fork(fileURLToPath(import.meta.url), [name, String(server.port)], options);
    await answer(child);
    children.set(name, child);
    samples.set(name, []);
  }
  for (let round = 0; round < rounds; round++) {
    for (const [name, child] of children) {
      child.send(messages);
      await answer(child);
      const sample = answer(child);
      // Asleep while the server makes the messages, which takes it longer than sending them.
      child.kill("SIGSTOP");
      for (let from = 0; from < messages; from += BATCH) {
        const to = Math.min(from + BATCH, messages) - 1;
        await server.command("EVAL", PUBLISH, "0", name, String(from), String(to));
      }
      child.kill("SIGCONT");
      samples.get(name)?.push((await sample) as Sample);
    }
  }
  for (const child of children.values()) child.kill("SIGKILL");
  print(samples);
}

function print(samples: ReadonlyMap<string, readonly Sample[]>): void {
  for (const [name, all] of samples) {
    const rate = Math.round(median(all.map((sample) => sample.rate)));
    const cpu = median(all.map((sample) => sample.cpu)).toFixed(2);
    const heap = (median(all.map((sample) => sample.heap)) / 1e6).toFixed(1);
    const columns = [rate.toLocaleString("en-US").padStart(11), cpu.padStart(6), heap.padStart(6)];
    process.stdout.write(`${name.padEnd(18)} ${columns.join(" ")}\n`);
  }
}

const [first, second] = process.argv.slice(2);
if (process.send === undefined) await main(Number(first ?? 5), Number(second ?? 200_000));
else await subscribe(String(first), Number(second));
