/**
 * Measures subscribers: one subscription with a handler, and a burst of messages of 16 bytes that is ready
 * in the server. Each client has its own process; they take turns, and each must receive every message in
 * order.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { RunningServer } from "../support/server.js";
import type { PubSubSample } from "./messages.js";
import type { BenchOptions } from "./options.js";
import { PUBSUB_CHILD } from "./paths.js";
import type { RunEnvironment } from "./rates.js";
import { onCore, startBenchServer } from "./setup.js";
import { median } from "./statistics.js";
import { SUBSCRIBERS } from "./subscribers.js";

/** The server creates the messages itself, so that no publisher takes CPU time. */
const PUBLISH = `for i = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  redis.call('PUBLISH', ARGV[1], string.format('%016d', i))
end`;
/** Messages created by one script; it must end before the server reports it as slow. */
const BATCH = 100_000;
/** Messages of one round. */
const MESSAGES = { full: 1_000_000, quick: 200_000 };
const ROUNDS = { full: 5, quick: 3 };

/** The medians of one subscriber. */
export interface PubSubRow extends PubSubSample {
  readonly title: string;
  /** Name in `CLIENTS`. */
  readonly client: string;
}

/** Results of all subscribers. */
export interface PubSubResults {
  /** Messages of one round. */
  readonly messages: number;
  readonly rounds: number;
  readonly rows: readonly PubSubRow[];
}

/**
 * Measure the subscribers of the chosen clients.
 *
 * @param options - Which clients, and whether to be quick.
 * @param around - The cores, and the progress log.
 * @returns The medians of each; none when no chosen client can be measured.
 * @throws Error when a client misses a message, or gets one out of order.
 */
export async function measurePubSub(
  options: BenchOptions,
  around: RunEnvironment,
): Promise<PubSubResults> {
  const size = options.quick ? "quick" : "full";
  const [messages, rounds] = [MESSAGES[size], ROUNDS[size]];
  const titles = Object.keys(SUBSCRIBERS).filter((title) =>
    options.clients.includes(SUBSCRIBERS[title]?.client ?? ""),
  );
  await using server = await startBenchServer(around.cores);
  await server.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0");
  const children = new Map<string, ChildProcess>();
  const samples = new Map(titles.map((title): [string, PubSubSample[]] => [title, []]));
  try {
    for (const title of titles) children.set(title, await startChild(title, server, around));
    for (let round = 1; round <= rounds; round++) {
      around.say(`publish/subscribe, round ${round} of ${rounds}`);
      for (const [title, child] of children) {
        samples.get(title)?.push(await playRound({ title, child, server, messages }));
      }
    }
  } finally {
    for (const child of children.values()) child.kill("SIGKILL");
  }
  const rows = [...samples].map(([title, all]) => rowOf(title, all));
  return { messages, rounds, rows };
}

function rowOf(title: string, samples: readonly PubSubSample[]): PubSubRow {
  return {
    title,
    client: SUBSCRIBERS[title]?.client ?? "",
    rate: median(samples.map(({ rate }) => rate)),
    cpu: median(samples.map(({ cpu }) => cpu)),
    heap: median(samples.map(({ heap }) => heap)),
  };
}

async function startChild(title: string, server: RunningServer, { cores }: RunEnvironment) {
  const [program, ...args] = [...onCore(cores?.client), process.execPath, "--expose-gc"];
  const options = { execPath: program, execArgv: args };
  const child = fork(PUBSUB_CHILD, [title, String(server.port)], options);
  await answer(child);
  return child;
}

interface Round {
  readonly title: string;
  readonly child: ChildProcess;
  readonly server: RunningServer;
  readonly messages: number;
}

async function playRound({ title, child, server, messages }: Round): Promise<PubSubSample> {
  child.send(messages);
  await answer(child);
  const sample = answer(child);
  // Sleeps while the server creates the messages, which takes longer than sending them.
  child.kill("SIGSTOP");
  for (let from = 0; from < messages; from += BATCH) {
    const to = Math.min(from + BATCH, messages) - 1;
    await server.command("EVAL", PUBLISH, "0", title, String(from), String(to));
  }
  child.kill("SIGCONT");
  return (await sample) as PubSubSample;
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
    // The loser of the race must neither stay subscribed nor cause an unhandled rejection.
    message.catch(() => undefined);
    exit.catch(() => undefined);
    answered.abort();
  }
}
