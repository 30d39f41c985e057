/** Locks of clients with response callbacks and other settings, on a real server: a lock has one holder. */
import { describe, expect, it } from "vitest";
import { type ClientOptions, Redis, type ResponseCallback } from "../../src/index.js";
import { ask, name, redis, server } from "../support/lock-clients.js";
import { describeProtocols } from "../support/protocols.js";

/** Every command that a lock may send. */
const COMMANDS = ["SET", "GET", "EXISTS", "EVALSHA", "EVAL", "SCRIPT LOAD"];

const CALLBACKS: readonly (readonly [name: string, callback: ResponseCallback])[] = [
  ["an object", (reply) => ({ reply })],
  ["true", () => true],
  ["1", () => 1],
  ["null", () => null],
  ["a boolean", (reply) => Boolean(reply)],
  ["a promise", async (reply) => reply],
  [
    "an error",
    () => {
      throw new RangeError("callback");
    },
  ],
];

/** Use a lock of `client` while another client holds it, and while no other client does. */
async function expectOneHolder(client: Redis, fencingKey?: string): Promise<void> {
  const options = { timeout: 60_000, blocking: false, fencingKey };
  const [other, lock] = [redis.lock(name, options), client.lock(name, options)];
  await other.acquire();
  expect(await lock.acquire()).toBe(false);
  expect(await lock.tryUsing(() => 1)).toEqual({ acquired: false });
  expect([lock.token, lock.fencingToken]).toEqual([undefined, undefined]);
  expect([await lock.locked(), await lock.owned()]).toEqual([true, false]);
  await other.release();
  expect(await lock.acquire()).toBe(true);
  expect(lock.fencingToken).toBe(fencingKey && 2);
  expect(await other.acquire()).toBe(false);
  expect([await lock.locked(), await lock.owned()]).toEqual([true, true]);
  expect(await lock.extend(60_000, { replaceTtl: true })).toBe(true);
  expect(await lock.reacquire()).toBe(true);
  await lock.release();
  expect(await lock.locked()).toBe(false);
  expect(await ask("EXISTS", name)).toBe(0);
}

describeProtocols("locks of a client with response callbacks", (protocol) => {
  it.each(CALLBACKS)("have one holder when the callbacks return %s", async (_what, callback) => {
    await using client = new Redis(server.url, { protocol });
    for (const command of COMMANDS) client.setResponseCallback(command, callback);
    await ask("SCRIPT", "FLUSH");
    await expectOneHolder(client);
    await expectOneHolder(client, `${name}:count`);
  });

  it("are renewed while the function runs", async () => {
    await using client = new Redis(server.url, { protocol });
    for (const command of COMMANDS) client.setResponseCallback(command, () => ({}));
    const lock = client.lock(name, { timeout: 900 });
    const begun = performance.now();
    await lock.using(async (signal) => {
      while (performance.now() - begun < 1100) await redis.ping();
      expect(signal.aborted).toBe(false);
      expect(await lock.owned()).toBe(true);
    });
  });

  it("have one holder when a subclass defines the callbacks", async () => {
    class Custom extends Redis {
      static override RESPONSE_CALLBACKS = Object.fromEntries(
        COMMANDS.map((each) => [each, () => 1]),
      );
    }
    await using client = new Custom(server.url, { protocol });
    await expectOneHolder(client);
  });

  it("leave the callbacks of the client as they were", async () => {
    await using client = new Redis(server.url, { protocol });
    client.setResponseCallback("SET", () => "from the callback");
    await client.lock(name).using(() => undefined);
    expect(await client.set(name, "value")).toBe("from the callback");
  });
});

describe("locks of other clients", () => {
  it.each<ClientOptions>([
    { decodeResponses: false },
    { integers: "bigint" },
    { encoding: "latin1" },
    { encodingErrors: "replace" },
    { retryOnTimeout: true },
  ])("have one holder with %j", async (options) => {
    await using client = new Redis<ClientOptions>(server.url, options);
    await expectOneHolder(client as Redis, `${name}:count`);
  });

  it("have one holder on views, and on a client()", async () => {
    await using session = redis.client();
    const view = redis.with({ integers: "bigint", decodeResponses: false, timeout: 5000 });
    for (const client of [session, view, session.with({ timeout: 5000 })]) {
      await expectOneHolder(client as unknown as Redis);
    }
  });
});
