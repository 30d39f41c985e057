/** Tests of the cost of replies: CPU time is proportional to the bytes, and no chunk is kept alive. */
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

/** Feed all bytes of `wire` in chunks of the size that sockets deliver. */
function feed(parser: JsParser, wire: Buffer, chunk = CHUNK): void {
  for (let at = 0; at < wire.length; at += chunk) parser.feed(wire.subarray(at, at + chunk));
}

function parserFor(mode: number, onReply: (value: Reply) => void): JsParser {
  return new JsParser(Object.assign(new Recorder(mode), { onReply }), OPTIONS);
}

/** The minimum CPU µs of several runs, because other load only adds to it. */
function leastCpu(work: () => void): number {
  const times = Array.from({ length: 4 }, () => {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    return user + system;
  });
  return Math.min(...times);
}

describe("CPU time of the parser per byte", () => {
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
    "is about the same for one bulk string of 64 MB and for many of 1 MB, as %s",
    (_, mode) => {
      const many = bulkCost(MB, 64, mode);
      const one = bulkCost(64 * MB, 1, mode);
      // Allocating memory costs several times the copying; quadratic work would cost 64 times as much.
      expect(one / many).toBeLessThan(16);
    },
    60_000,
  );

  it("is about the same for an array of a million elements and for small arrays", () => {
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

describe("memory kept by a small value", () => {
  const CHUNKS = 200;

  async function used(): Promise<number> {
    // The target of a WeakRef created in this turn is kept until the next one, and external memory is
    // released some time after its owner was collected.
    for (let i = 0; i < 3; i++) {
      await setImmediate();
      collect();
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }

  /** Keep one value of each of many chunks; return how many chunks stay alive, and the bytes per value. */
  async function measureKept(length: number, mode: number) {
    const values: Reply[] = [];
    const chunks: WeakRef<ArrayBufferLike>[] = [];
    const parser = parserFor(mode, (value) => {
      if (values.length < chunks.length) values.push(value);
    });
    const count = Math.floor(CHUNK / (length + 8));
    const before = await used();
    // In a function, because the variables of a suspended async function stay alive.
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

  it.each([5, 16, 40, 128])("text of %i letters keeps no chunk alive", async (length) => {
    const { alive, bytes } = await measureKept(length, TEXT);
    expect(alive).toBe(0);
    expect(bytes).toBeLessThan(KB + 8 * length);
  });

  it.each([5, 64])("a Buffer of %i bytes keeps no chunk alive", async (length) => {
    const { alive, bytes } = await measureKept(length, BYTES);
    expect(alive).toBe(0);
    expect(bytes).toBeLessThan(KB);
  });

  it("a Buffer of 1000 bytes keeps at most one slab of Node's buffer pool", async () => {
    const { alive, bytes } = await measureKept(1000, BYTES);
    expect(alive).toBe(0);
    expect(bytes).toBeLessThan(Buffer.poolSize + 2 * KB);
  });
});
