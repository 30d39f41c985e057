import { expect, it } from "vitest";
import { DataError, ResponseError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { withEveryCommand } from "../../support/every-command.js";
import { startServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";
import { until } from "../../support/until.js";

const plain = await startServer();
const durable = await startServer({ config: { appendonly: "yes" } });
const replica = await startServer({ replicaOf: durable, config: { appendonly: "yes" } });

describeClients("WAITAOF", durable, ({ redis, t }) => {
  it("waits until writes are in the append-only file, locally and on a replica", async () => {
    await using own = redis.client();
    await own.set("k", "v");
    expect(await own.waitaof(1, 1, 20_000)).toEqual([1, 1]);
    expect(await replica.command("GET", "k")).toBe("v");
    expect(await own.waitaof(1, 0, 20_000)).toEqual([1, 1]);
    const shared = withEveryCommand(redis);
    expect(await errorOf(shared.waitaof(1, 0, 20_000))).toMatchObject({ code: "ESHARED" });
  });

  it("returns at its timeout", async () => {
    await using own = redis.client();
    expect((await own.waitaof(0, 5, 20))[0]).toBe(1);
  });

  it("does not delay other commands of the client, also without a timeout", async () => {
    await using own = redis.client();
    const waiting = own.waitaof(0, 9, 0);
    const blocked = await until(async () =>
      (await durable.clients()).find(({ flags }) => flags?.includes("b")),
    );
    expect(await redis.echo("x")).toEqual(t("x"));
    expect(await redis.clientUnblock(Number(blocked.id))).toBe(true);
    expect(await waiting).toEqual([1, expect.any(Number)]);
  });
});

describeClients("WAITAOF without an append-only file", plain, ({ redis }) => {
  it("returns zeros, and rejects when the local file is requested", async () => {
    await using own = redis.client();
    expect(await own.waitaof(0, 0, 1000)).toEqual([0, 0]);
    expect(await own.waitaof(0, 1, 10)).toEqual([0, 0]);
    const error = await errorOf(own.waitaof(1, 0, 1000));
    expect(error).toBeInstanceOf(ResponseError);
    expect(error.message).toMatch(/^ERR WAITAOF cannot be used when numlocal is set/);
    expect(await errorOf(own.waitaof(-1, 0, 10))).toBeInstanceOf(DataError);
  });
});
