/** Commands on keys that involve a second server: MIGRATE and WAIT. */
import { afterAll, beforeEach, expect, it } from "vitest";
import { DataError, Redis, ResponseError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { withEveryCommand } from "../../support/every-command.js";
import { sharedServer, startServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";
import { until } from "../../support/until.js";

const server = await sharedServer();
const target = await startServer();
const replica = await startServer({ replicaOf: server });

beforeEach(() => Promise.all([server, target].map((one) => one.command("FLUSHALL"))));

const there = new Redis(target.url);
afterAll(() => there.close());

describeClients("MIGRATE", server, ({ redis, t }) => {
  const { host, port } = target;
  beforeEach(() => redis.mset({ a: "1", b: "2", c: "3" }));

  it("moves keys to another server", async () => {
    expect(await redis.migrate(host, port, "a", 0, 5000)).toBe(true);
    expect(await redis.migrate(host, port, ["b", "none"], 0, 5000)).toBe(true);
    expect(await redis.mget("a", "b", "c")).toEqual([null, null, t("3")]);
    expect(await there.mget("a", "b", "c")).toEqual(["1", "2", null]);
  });

  it("returns without effect when no key exists", async () => {
    expect(await redis.migrate(host, port, "none", 0, 5000)).toBe("NOKEY");
    expect(await redis.migrate(host, port, ["none", "missing"], 0, 5000)).toBe("NOKEY");
    const error = await errorOf(redis.migrate(host, port, [], 0, 5000));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toBe('MIGRATE: argument "keys" must not be empty');
  });

  it("keeps a copy with copy, and overwrites with replace", async () => {
    expect(await redis.migrate(host, port, new Set(["a"]), 2, 5000, { copy: true })).toBe(true);
    expect(await redis.get("a")).toEqual(t("1"));
    await redis.set("a", "new");
    const busy = await errorOf(redis.migrate(host, port, "a", 2, 5000));
    expect(busy).toBeInstanceOf(ResponseError);
    expect(busy.message).toBe(
      "ERR Target instance replied with error: BUSYKEY Target key name already exists.",
    );
    const both = { copy: true, replace: true };
    expect(await redis.migrate(host, port, "a", 2, 5000, both)).toBe(true);
    expect(await redis.get("a")).toEqual(t("new"));
    expect(await redis.migrate(host, port, "a", 2, 5000, { replace: true })).toBe(true);
    expect(await redis.get("a")).toBeNull();
    await using second = new Redis(target.url, { db: 2 });
    expect(await second.get("a")).toBe("new");
  });

  it("authenticates at the target with auth and username", async () => {
    // A separate target, because the server caches the connection, which stays authenticated.
    const acl = ["mover on >moving ~* +@all"];
    await using locked = await startServer({ password: "secret", acl });
    const call = (options?: { auth?: string; username?: string }) =>
      redis.migrate(locked.host, locked.port, ["a"], 0, 5000, options);
    expect((await errorOf(call())).message).toMatch(
      /^ERR Target instance replied with error: NOAUTH Authentication required/,
    );
    expect((await errorOf(call({ auth: "wrong" }))).message).toMatch(
      /^ERR Target instance replied with error: WRONGPASS /,
    );
    expect(await call({ auth: "secret" })).toBe(true);
    await redis.set("a", "again");
    await locked.command("FLUSHALL");
    expect(await call({ auth: "moving", username: "mover" })).toBe(true);
    expect(await locked.command("GET", "a")).toBe("again");
    const error = await errorOf(call({ username: "mover" }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toBe('MIGRATE: option "username" needs option "auth"');
  });

  it("rejects when the target is unreachable", async () => {
    await using gone = await startServer();
    await gone.stop();
    const error = await errorOf(redis.migrate(gone.host, gone.port, "a", 0, 500));
    expect(error).toBeInstanceOf(ResponseError);
    expect(error).toMatchObject({ code: "IOERR", command: "MIGRATE" });
    expect(await redis.get("a")).toEqual(t("1"));
  });
});

describeClients("WAIT", server, ({ redis, t }) => {
  it("counts the replicas that have the writes of its connection", async () => {
    await using own = redis.client();
    await own.set("k", "v");
    expect(await own.wait(1, 10_000)).toBe(1);
    expect(await replica.command("GET", "k")).toBe("v");
    expect(await own.wait(0, 0)).toBe(1);
    const pipeline = redis.pipeline({ transaction: false });
    expect(await pipeline.set("k", "w").wait(1, 10_000).exec()).toEqual([true, 1]);
    expect(await replica.command("GET", "k")).toBe("w");
  });

  it("is refused on a shared connection, where it would count writes of other callers", async () => {
    await redis.set("k", "v");
    const error = await errorOf(withEveryCommand(redis).wait(1, 10_000));
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ code: "ESHARED", command: "WAIT", outcome: "not-sent" });
    expect(error.message).toContain("counts the writes of its own connection; use redis.client()");
    expect(await errorOf(redis.executeCommand("WAIT", 1, 0))).toBeInstanceOf(DataError);
  });

  it("does not count a replica without the write", async () => {
    await using own = redis.client();
    await own.set("k", "v");
    expect(await own.wait(1, 10_000)).toBe(1);
    replica.pause();
    try {
      await own.set("k", "w");
      expect(await own.wait(1, 50)).toBe(0);
    } finally {
      replica.resume();
    }
    expect(await own.wait(1, 10_000)).toBe(1);
  });

  it("returns at its timeout", async () => {
    await using own = redis.client();
    expect(await own.wait(2, 20)).toBe(1);
    expect(await errorOf(own.wait(1, -1))).toBeInstanceOf(ResponseError);
    expect(await errorOf(own.wait(-1, 1))).toBeInstanceOf(DataError);
    expect(await errorOf(own.wait(1, 0.5))).toBeInstanceOf(DataError);
  });

  it("does not delay other commands of the client, also without a timeout", async () => {
    await using own = redis.client();
    const waiting = own.wait(9, 0);
    const blocked = await until(async () =>
      (await server.clients()).find(({ flags }) => flags?.includes("b")),
    );
    expect(await redis.echo("x")).toEqual(t("x"));
    expect(await redis.clientUnblock(Number(blocked.id))).toBe(true);
    expect(await waiting).toBe(1);
  });

  it("returns 0 without replicas", async () => {
    await using lonely = new Redis(target.url);
    await using own = lonely.client();
    expect(await own.wait(1, 10)).toBe(0);
  });
});
