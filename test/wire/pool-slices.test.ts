/** Many requests that wait for a connection are sent in slices: other connections are served between them. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { ConnectionPool, Redis } from "../../src/index.js";
import { mockServer } from "../support/mock-server.js";
import { echo, NO_HANDSHAKE, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

/** Twice the size of a slice: a connection opens in one phase of a turn, and the next slice is sent in another. */
const MOST = 512;

it("a connection pool sends few of the commands that waited for a connection in one turn of the event loop", async () => {
  await using mock = await mockServer(echo);
  const { host, port } = mock;
  const pool = new ConnectionPool({ host, port, ...NO_HANDSHAKE });
  const redis = new Redis({ connectionPool: pool });
  const keys = Array.from({ length: 3_000 }, (_, i) => String(i));
  const replies = Promise.all(keys.map((key) => redis.get(key)));
  const sent: number[] = [];
  let waiting = pool.waiting;
  expect(waiting).toBe(keys.length);
  while (waiting !== 0) {
    await nextTurn();
    sent.push(waiting - pool.waiting);
    waiting = pool.waiting;
  }
  expect(Math.max(...sent)).toBeLessThanOrEqual(MOST);
  expect(await replies).toEqual(keys);
  await pool.close();
});
