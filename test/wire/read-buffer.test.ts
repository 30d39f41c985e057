/** The buffer into which all connections of a thread read: its memory, and that replies never mix. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startChild } from "../support/child-process.js";
import { mockServer, type Peer } from "../support/mock-server.js";
import { Random, testSeed } from "../support/random.js";
import { bulks } from "../support/resp.js";
import { deferred } from "../support/until.js";
import { clientOf, echo } from "../support/wire-clients.js";

const seed = testSeed();
const CLIENTS = 24;

/** Items of a reply that contain the number of its client, shorter and longer than a chunk. */
function itemsOf(client: number, random: Random): string[] {
  return Array.from({ length: random.int(1, 30) }, (_, i) => {
    const longest = random.chance(0.1) ? 100_000 : 40;
    return `<${client}.${i}>`.repeat(random.int(0, longest / 8));
  });
}

describe(`replies on ${CLIENTS} connections in interleaved pieces (TEST_SEED=${seed})`, () => {
  it.each([
    ["text", true],
    ["Buffers", false],
  ])(
    "never mix, as %s",
    async (_kind, decodeResponses) => {
      const random = new Random(seed);
      const peers: Peer[] = [];
      let requests = 0;
      const asked = deferred<void>();
      const finished = deferred<void>();
      await using mock = await mockServer(async (peer) => {
        const [, key = ""] = await peer.next();
        peers[Number(key)] = peer;
        if (++requests === CLIENTS) asked.resolve();
        await finished.promise;
      });
      const clients = Array.from({ length: CLIENTS }, () => clientOf(mock, { decodeResponses }));
      const replies = clients.map((client, i) => client.lrange(String(i), 0, -1));
      await asked.promise;

      const sent = peers.map((_peer, i) => itemsOf(i, random));
      const queues = sent.map((items) => {
        const wire = Buffer.from(bulks(items));
        return random.split(wire, Math.max(random.pick([7, 300]), wire.length >> 5));
      });
      while (queues.some((queue) => queue.length !== 0)) {
        for (let turn = 0; turn < CLIENTS; turn++) {
          const at = random.int(0, CLIENTS - 1);
          const piece = queues[at]?.shift();
          if (piece !== undefined) peers[at]?.socket.write(piece);
        }
        await nextTurn();
      }
      const received = (await Promise.all(replies)).map((items) => items.map(String));
      expect(received.map((items, i) => items.join() === sent[i]?.join())).toEqual(
        sent.map(() => true),
      );
      finished.resolve();
      await Promise.all(clients.map((client) => client.close()));
    },
    30_000,
  );
});

const PROGRAM = `
  import { setFlagsFromString } from "node:v8";
  import { runInNewContext } from "node:vm";
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  const clients = Array.from({ length: 100 }, () => new rediswire.Redis(args));
  await clients[0].get("first");
  const before = process.memoryUsage().arrayBuffers;
  await Promise.all(clients.map((client) => client.get("key")));
  for (const client of clients) await client.get("long".repeat(50_000));
  gc();
  console.log("grown", process.memoryUsage().arrayBuffers - before);
  await Promise.all(clients.map((client) => client.close()));`;

it("100 connections take less than 2 MB outside of the heap", async () => {
  await using mock = await mockServer(echo, { handshake: true });
  const child = await startChild(PROGRAM, { host: mock.host, port: mock.port });
  const { code, output } = await child.ended();
  expect(code, output).toBe(0);
  expect(Number(/grown (-?\d+)/.exec(output)?.[1]), output).toBeLessThan(2_000_000);
});
