/** What replies cost by their size: CPU time in proportion to the bytes, and no chunk kept alive. */
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { JsParser } from "../../../src/protocol/js-parser.js";
import { BYTES, type Reply, TEXT } from "../../../src/protocol/reply.js";
import { OPTIONS, Recorder } from "../../support/resp-parse.js";

const KB = 1024;
const MB = 1024 * KB;
const CHUNK = 64 * KB;

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** Everything `wire` stands for, in chunks as a socket gives them. */
function feed(parser: JsParser, wire: Buffer, chunk = CHUNK): void {
  for (let at = 0; at < wire.length; at += chunk) parser.feed(wire.subarray(at, at + chunk));
}

function parserFor(mode: number, onReply: (value: Reply) => void): JsParser {
  return new JsParser(Object.assign(new Recorder(mode), { onReply }), OPTIONS);
}

/** The least CPU µs of some tries: whatever else the machine does only ever adds to it. */
function leastCpu(work: () => void): number {
  const times = Array.from({ length: 4 }, () => {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    return user + system;
  });
  return Math.min(...times);
}

describe("time per byte", () => {
  function bulkCost(size: number, times: number, mode: number): number {
    const wire = Buffer.from(`$${size}\r\n${"x".repeat(size)}\r\n`);
    let bytes = 0;
    const parser = parserFor(mode, (value) => {
      bytes += (value as string | Buffer).length;
    });
    const cost = leastCpu(() => {
      bytes = 0;
      for (let i = 0; i < times; i++) feed(parser, wire);
    });
    expect(bytes).toBe(size * times);
    return cost;
  }

  it.each([
    ["text", TEXT],
    ["Buffer", BYTES],
  ])(
    "of one bulk string of 64 MB is that of many of 1 MB, as %s",
    (_, mode) => {
      const many = bulkCost(MB, 64, mode);
      const one = bulkCost(64 * MB, 1, mode);
      // Fresh memory costs several times the copying; quadratic work would cost 64 times as much.
      expect(one / many).toBeLessThan(8);
    },
    60_000,
  );

  it("of an array of a million elements is that of small ones", () => {
    const cost = (elements: number, times: number): number => {
      const wire = Buffer.from(`*${elements}\r\n${"$5\r\nhello\r\n".repeat(elements)}`);
      let seen = 0;
      const parser = parserFor(TEXT, (value) => {
        seen += (value as Reply[]).length;
      });
      const time = leastCpu(() => {
        seen = 0;
        for (let i = 0; i < times; i++) feed(parser, wire);
      });
      expect(seen).toBe(elements * times);
      return time;
    };
    const many = cost(1000, 1000);
    expect(cost(1_000_000, 1) / many).toBeLessThan(8);
  }, 60_000);
});

describe("a small value", () => {
  const CHUNKS = 200;

  async function used(): Promise<number> {
    // What a WeakRef was made for in this turn stays until the next one, and memory beside the heap
    // is given back some time after its owner is gone.
    for (let i = 0; i < 3; i++) {
      await setImmediate();
      collect();
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }

  /** Keep one value out of each of many chunks; how many chunks stay, and how many bytes per value. */
  async function kept(length: number, mode: number) {
    const values: Reply[] = [];
    const chunks: WeakRef<ArrayBufferLike>[] = [];
    const parser = parserFor(mode, (value) => {
      if (values.length < chunks.length) values.push(value);
    });
    const count = Math.floor(CHUNK / (length + 8));
    const before = await used();
    // In a function, for the variables of one that waits are alive.
    const feedChunk = (i: number): void => {
      const text = `$${length}\r\n${String(i).padStart(length, "v")}\r\n`.repeat(count);
      const chunk = Buffer.alloc(text.length, text);
      chunks.push(new WeakRef(chunk.buffer));
      parser.feed(chunk);
    };
    for (let i = 0; i < CHUNKS; i++) feedChunk(i);
    const bytes = ((await used()) - before) / CHUNKS;
    expect(values).toHaveLength(CHUNKS);
    expect(String(values.at(-1))).toBe(String(CHUNKS - 1).padStart(length, "v"));
    return { alive: chunks.filter((chunk) => chunk.deref() !== undefined).length, bytes };
  }

  it.each([5, 16, 40, 128])(
    "of %i letters keeps nothing of the chunk it came in",
    async (length) => {
      const { alive, bytes } = await kept(length, TEXT);
      expect(alive).toBe(0);
      expect(bytes).toBeLessThan(KB + 8 * length);
    },
  );

  it.each([5, 64])("of %i bytes keeps nothing of the chunk it came in", async (length) => {
    const { alive, bytes } = await kept(length, BYTES);
    expect(alive).toBe(0);
    expect(bytes).toBeLessThan(KB);
  });

  it("of more bytes keeps at most a slab of Node's pool", async () => {
    const { alive, bytes } = await kept(1000, BYTES);
    expect(alive).toBe(0);
    expect(bytes).toBeLessThan(Buffer.poolSize + 2 * KB);
  });
});
