/**
 * Measures what one client costs the rest of its process: heap per pending command, and how long the
 * event loop is blocked while a large reply is read. Runs in a separate process, so that heap and event
 * loop belong to this client alone.
 */
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { clientNamed } from "./clients/index.js";
import { GET_KEYS, LONG_LIST_KEY, LONG_LIST_LENGTH } from "./data.js";
import type { Burden, BurdenSetup } from "./messages.js";
import { median } from "./statistics.js";

const PENDING = 10_000;
const REPLIES = 9;

const setup = JSON.parse(process.argv[2] ?? "") as BurdenSetup;
const client = await clientNamed(setup.client).open(setup.target);
await commands(); // grows queues, and optimizes the code: neither is counted
const burden: Burden = { bytes: await bytesPerCommand(), delay: await longestDelay() };
process.stdout.write(JSON.stringify(burden), () => process.exit());

function commands(): Promise<unknown[]> {
  const some = Array.from({ length: PENDING }, (_, i) => GET_KEYS[i % GET_KEYS.length] ?? "");
  return Promise.all(some.map((key) => client.get(key)));
}

async function heapUsed(): Promise<number> {
  // The streams hold recently written data until the next turns.
  for (let i = 0; i < 3; i++) {
    await pause(30);
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

/** Measure while the server is stopped (SIGSTOP), so that no reply arrives. */
async function bytesPerCommand(): Promise<number> {
  const before = await heapUsed();
  process.kill(setup.serverPid, "SIGSTOP");
  try {
    const pending = commands();
    const bytes = ((await heapUsed()) - before) / PENDING;
    process.kill(setup.serverPid, "SIGCONT");
    await pending;
    return bytes;
  } finally {
    process.kill(setup.serverPid, "SIGCONT");
  }
}

/** Median of the longest time between two turns of the event loop during one reply, in ms. */
async function longestDelay(): Promise<number> {
  const delays: number[] = [];
  for (let i = 0; i < REPLIES; i++) {
    let longest = 0;
    let last = performance.now();
    let answered = false;
    const reply = client.lrange(LONG_LIST_KEY).then((items) => {
      answered = true;
      if ((items as unknown[]).length !== LONG_LIST_LENGTH) throw new Error("items are missing");
    });
    while (!answered) {
      await nextTurn();
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
    await reply;
    delays.push(longest);
  }
  return median(delays);
}
