/** What a client uses its executor and its lease provider for. */
import { expect, it } from "vitest";
import { InternalConstructorArgument } from "../../../src/client/client-state.js";
import { Redis } from "../../../src/client/redis.js";
import { ConnectionError } from "../../../src/errors.js";
import { CallSettings } from "../../../src/execution/call-settings.js";
import type { Executor } from "../../../src/execution/executor.js";
import { NoBackoff } from "../../../src/options/backoff.js";
import { Retry } from "../../../src/options/retry.js";
import { serverBatchSenders } from "../../../src/pipeline/batch-sender.js";
import type { LeaseProvider } from "../../../src/pool/lease.js";
import { ConnectionPool } from "../../../src/pool/pool.js";

/** A client whose pool would connect to a closed port; leases are recorded and refused. */
function clientWith(ownsExecutor: boolean) {
  const pool = new ConnectionPool({ port: 1 });
  const leases: unknown[] = [];
  const leaseProvider: LeaseProvider = {
    settings: pool.settings,
    lease: async (keys) => {
      leases.push(keys);
      throw new ConnectionError("refused by the test");
    },
  };
  let closed = 0;
  const executor: Executor = {
    address: undefined,
    execute: () => {},
    executeExclusively: () => {},
    close: async () => void closed++,
  };
  const call = new CallSettings(pool.settings, {}, new Map());
  const senders = serverBatchSenders(pool.settings);
  const others = { pool, call, senders, ownsExecutor, retained: [] };
  const dependencies = { ...others, executor, leaseProvider };
  const Client = Redis as unknown as new (argument: InternalConstructorArgument) => Redis;
  const client = new Client(new InternalConstructorArgument(dependencies));
  return { client, leases, closed: () => closed };
}

it.each([
  [true, 1],
  [false, 0],
])("close() closes the executor only if the client owns it (%s)", async (owns, count) => {
  const { client, closed } = clientWith(owns);
  await client.with({ timeout: 1000 }).close();
  expect(closed()).toBe(0);
  await client.close();
  expect(closed()).toBe(count);
});

it("connections for exclusive use come from the lease provider, which receives the keys of WATCH", async () => {
  const { client, leases } = clientWith(true);
  const refused = "refused by the test";
  await expect(client.client().get("key")).rejects.toThrow(refused);
  await expect(client.pipeline().watch("a", "b")).rejects.toThrow(refused);
  await expect(client.transaction(async () => {}, "c")).rejects.toThrow(refused);
  await expect(client.monitor().start()).rejects.toThrow(refused);
  const subscriber = client.pubsub({ retry: new Retry(new NoBackoff(), 0) });
  await expect(subscriber.subscribe("channel")).rejects.toThrow(refused);
  expect(leases).toEqual([undefined, ["a", "b"], ["c"], undefined, undefined]);
});
