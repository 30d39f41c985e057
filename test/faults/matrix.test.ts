/**
 * Every fault with every operation under both protocols. Of each combination it must be true that all
 * settles in time, with an error of the right class and an outcome that is no lie; that nothing is
 * executed twice; that the next command gets its own reply; and that nothing is left behind.
 */
import { inspect } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { ConnectionError, ConstantBackoff, Redis, Retry, TimeoutError } from "../../src/index.js";
import { type FaultProxy, startProxy } from "../support/fault-proxy.js";
import { watchLeaks } from "../support/leaks.js";
import { PROTOCOLS, type Protocol } from "../support/protocols.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { FAULTS, type Fault, OPERATIONS, type Operation, type Scene } from "./matrix-tables.js";
import { type Ending, settle } from "./settle.js";

const server = await sharedServer();
const leaks = watchLeaks("/src/");
const TIMEOUT = 5000;
const ELEMENTS = 10;

afterAll(() => leaks.assertNone());

const cases = PROTOCOLS.flatMap((protocol) =>
  FAULTS.flatMap((fault) =>
    OPERATIONS.map((operation): [string, Protocol, Play] => [
      `RESP${protocol}, ${fault.name}: ${operation.name}`,
      protocol,
      { fault, operation },
    ]),
  ),
);

describe.concurrent("whatever goes wrong, and whatever is being done", () => {
  it.each(cases)("%s", async (_, protocol, combination) => {
    await using proxy = await startProxy(server);
    const timeout = combination.fault.timeout ?? TIMEOUT;
    const scene = await makeScene(proxy, protocol, timeout);
    try {
      await play(proxy, scene, combination);
    } finally {
      scene.redis.disconnect();
    }
  });
});

async function makeScene(proxy: FaultProxy, protocol: Protocol, timeout: number): Promise<Scene> {
  const redis = new Redis(proxy.url, {
    protocol,
    socketTimeout: timeout,
    socketConnectTimeout: TIMEOUT,
    blockingGrace: timeout,
    retry: new Retry(new ConstantBackoff(5), 2),
  });
  const key = uniquePrefix();
  await server.command("SET", key, "value");
  const list = `${key}list`;
  await server.command("RPUSH", list, ...new Array(ELEMENTS).fill("element"));
  return { redis, session: redis.client(), key, counter: `${key}counter`, list };
}

interface Play {
  readonly fault: Fault;
  readonly operation: Operation;
}

async function play(proxy: FaultProxy, scene: Scene, { fault, operation }: Play): Promise<void> {
  const { redis, session, key } = scene;
  const count = counting(scene, operation);
  // Short deadlines are for the operation alone.
  const patient = redis.with({ timeout: TIMEOUT });
  if (fault.when === "live") {
    await patient.connect();
    const patience = { redis: patient, session: session.with({ timeout: TIMEOUT }) };
    await operation.prepare?.({ ...scene, ...patience });
  }
  const before = await count();
  const sent = proxy.arrived.up;
  fault.strike(proxy);
  const running = settle(operation.run(scene));
  if (fault.second !== undefined) {
    await proxy.whenBytes("up", sent + 1);
    fault.second(proxy);
  }
  const ending = await running;
  await session.close();
  proxy.up.clear();
  proxy.down.clear();
  await fault.heal?.(proxy);
  expectEnding(ending, { fault, operation });
  if (!operation.closes) {
    // Connections that were idle may learn of the fault only now.
    const again = patient.with({ retryOnError: [ConnectionError, TimeoutError] });
    expect(await settle(again.get(key))).toMatchObject({ ok: true, value: "value" });
    expect(inspect(redis)).toMatch(/ shared=1 leased=0 idle=\d waiting=0>$/);
  }
  expect((await settle(redis.close())).ok).toBe(true);
  expect(inspect(redis)).toMatch(/ shared=0 leased=0 idle=0 waiting=0>$/);
  expectEffect(ending, operation, (await count()) - before);
}

function counting({ counter, list }: Scene, operation: Operation): () => Promise<number> {
  if (operation.counts === undefined)
    return async () => Number(await server.command("GET", counter));
  return async () => ELEMENTS - Number(await server.command("LLEN", list));
}

function expectEnding(ending: Ending<unknown>, { fault, operation }: Play): void {
  const errors = [...(fault.errors ?? ["ConnectionError"]), ...(operation.errors ?? [])];
  const ends = [...fault.ends, ...(operation.ends ?? [])];
  if (ending.ok) {
    expect(ends).toContain("ok");
    expect(ending.value).toEqual(operation.value);
    return;
  }
  const { error } = ending;
  expect(errors, inspect(error)).toContain(error.name);
  expect(ends, inspect(error)).toContain(error.outcome);
}

function expectEffect(ending: Ending<unknown>, operation: Operation, effect: number): void {
  const { atomic, effect: all } = operation;
  if (ending.ok) expect(effect).toBe(all);
  else if (ending.error.outcome === "not-sent") expect(effect).toBe(0);
  else if (atomic) expect([0, all]).toContain(effect);
  else expect(effect).toBeLessThanOrEqual(all);
}
