/** What a pipeline passes to the sender of its client. */
import { expect, it } from "vitest";
import { DEPENDENCIES, InternalConstructorArgument } from "../../../src/client/client-state.js";
import { Redis } from "../../../src/client/redis.js";
import { DataError } from "../../../src/errors.js";
import type { BatchSender, BatchSenders } from "../../../src/pipeline/batch-sender.js";

/** A client whose sender records its calls, refuses DEL, and answers without a server. */
function clientWithSender(transaction: boolean) {
  const calls: unknown[] = [];
  const create = (asTransaction: boolean): BatchSender => ({
    add: (info, args) => {
      if (info.name === "DEL") throw new DataError("refused by the test");
      calls.push([info.name, ...args]);
    },
    take: () => [],
    send: async (_context, batch, needed) => {
      calls.push({ asTransaction, transaction: batch.transaction, needed: [...needed.keys()] });
      return batch.entries.map(({ info }) => `reply of ${info.name}`);
    },
  });
  const senders: BatchSenders = { transaction, create };
  const original = new Redis({ port: 1 });
  const dependencies = { ...original[DEPENDENCIES], senders };
  const Client = Redis as unknown as new (argument: InternalConstructorArgument) => Redis;
  return { client: new Client(new InternalConstructorArgument(dependencies)), calls };
}

it.each([true, false])(
  "a pipeline is a transaction by default as its senders define (%s), and sends its commands with it",
  async (byDefault) => {
    const { client, calls } = clientWithSender(byDefault);
    const values = await client.pipeline().set("a", "1").get("b").exec();
    expect(values).toEqual(["reply of SET", "reply of GET"]);
    const sent = { asTransaction: byDefault, transaction: byDefault, needed: [] };
    expect(calls).toEqual([["SET", "a", "1"], ["GET", "b"], sent]);
  },
);

it("the option transaction overrides the default of the sender", async () => {
  const { client, calls } = clientWithSender(false);
  await client.pipeline({ transaction: true }).get("a").exec();
  expect(calls.at(-1)).toEqual({ asTransaction: true, transaction: true, needed: [] });
});

it("a command that the sender refuses is thrown by its method and not buffered", async () => {
  const { client, calls } = clientWithSender(false);
  const pipeline = client.pipeline().get("a");
  expect(() => pipeline.del("b")).toThrow("refused by the test");
  expect(await pipeline.exec()).toEqual(["reply of GET"]);
  expect(calls).toHaveLength(2);
});

it("the sender receives the scripts that the commands use", async () => {
  const { client, calls } = clientWithSender(false);
  const script = client.registerScript("return 1");
  const pipeline = client.pipeline();
  script({ keys: ["a"], client: pipeline });
  await pipeline.exec();
  expect(calls.at(-1)).toMatchObject({ needed: [`script ${script.sha}`] });
});
