/** A process with one subscriber: it counts messages, and fails when one is missing or out of order. */
import type { PubSubSample } from "./messages.js";
import { SUBSCRIBERS } from "./subscribers.js";

/** Count messages, and report when a round is complete. */
async function subscribe(name: string, port: number): Promise<void> {
  let expected = 0;
  let last = 0;
  let begun = 0;
  let cpu = process.cpuUsage();
  const finish = (): void => {
    const used = process.cpuUsage(cpu);
    const seconds = (performance.now() - begun) / 1000;
    globalThis.gc?.();
    const sample: PubSubSample = {
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
  await SUBSCRIBERS[name]?.subscribe({ port, channel: name, onMessage });
  process.on("message", (count: number) => {
    last = count;
    expected = 0;
    cpu = process.cpuUsage();
    process.send?.("counting");
  });
  process.once("disconnect", () => process.exit());
  process.send?.("ready");
}

const [name, port] = process.argv.slice(2);
await subscribe(String(name), Number(port));
