/**
 * Every fault with every operation under both protocols. In each combination every promise settles in
 * time, with an error of the right class and the right outcome; no command is executed twice; the next
 * commands get their own replies; and no connection, socket, timer or signal listener is left.
 */

import { getEventListeners } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import {
  ConnectionError,
  ConstantBackoff,
  InvalidResponse,
  Redis,
  Retry,
  TimeoutError,
} from "../../src/index.js";
import { FAULTS, type Fault, type Stage } from "../support/fault-matrix/faults.js";
import { endsOf, errorsOf, reasonAgainst, withGrid } from "../support/fault-matrix/grid.js";
import { OPERATIONS, type Operation, type Scene } from "../support/fault-matrix/operations.js";
import { type FaultProxy, startProxy } from "../support/fault-proxy.js";
import { watchLeaks } from "../support/leaks.js";
import { PROTOCOLS, type Protocol } from "../support/protocols.js";
import { startServer } from "../support/server.js";
import { type Ending, settle } from "../support/settle.js";
import { until } from "../support/until.js";

const USER = "matrix";
const ACL = { acl: [`${USER} on >right ~* &* +@all`] };
const TIMEOUT = 5000;
/** ms; no promise may wait for the default deadlines. */
const PROMPT = 4000;
const ELEMENTS = 100;
const AT_A_TIME = { concurrent: true } as const;

const [server, loading] = await Promise.all([startServer(ACL), startServer(ACL)]);
await loadForEver();
const leaks = watchLeaks("/src/");

afterAll(async () => {
  await leaks.assertNone();
  await Promise.all([server.stop(), loading.stop()]);
});

/** Make the other server reply LOADING to every command that needs data, until it is killed. */
async function loadForEver(): Promise<void> {
  await loading.command("CONFIG", "SET", "rdbcompression", "no");
  await loading.command("DEBUG", "POPULATE", 10_000, "key", 1100);
  await loading.command("CONFIG", "SET", "loading-process-events-interval-bytes", 1024);
  await loading.command("CONFIG", "SET", "key-load-delay", 20_000);
  loading.command("DEBUG", "RELOAD").catch(() => {});
  const options = {
    retry: new Retry(new ConstantBackoff(5), 0),
    username: USER,
    password: "right",
  };
  await using redis = new Redis("127.0.0.1", loading.port, options);
  await until(async () => (await settle(redis.get("key"))).ok === false);
}

const cases = PROTOCOLS.flatMap((protocol) =>
  FAULTS.flatMap((fault) =>
    OPERATIONS.filter((operation) => reasonAgainst(fault, operation) === undefined).map(
      (operation): [string, Protocol, Play] => [
        `RESP${protocol}, ${fault.name}: ${operation.name}`,
        protocol,
        { fault, operation },
      ],
    ),
  ),
);

describe("the grid in docs/reliability.md", () => {
  it("equals the expectations of this test", async () => {
    const page = fileURLToPath(new URL("../../docs/reliability.md", import.meta.url));
    await expect(withGrid(readFileSync(page, "utf8"))).toMatchFileSnapshot(page);
  });
});

describe("fault matrix", AT_A_TIME, () => {
  it.each(cases)("%s", async (_, protocol, combination) => {
    await using proxy = await startProxy(server);
    const timeout = combination.fault.timeout ?? TIMEOUT;
    // Under one protocol the commands have a signal; under the other they take the shorter path.
    const signal = protocol === 3 ? new AbortController().signal : undefined;
    const stage = await makeStage(proxy, { protocol, timeout, signal });
    try {
      await play(stage, combination);
    } finally {
      stage.scene.redis.disconnect();
    }
    if (signal !== undefined) expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

interface Setting {
  readonly protocol: Protocol;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

let scenes = 0;

async function makeStage(proxy: FaultProxy, setting: Setting): Promise<Stage> {
  const { protocol, timeout, signal } = setting;
  const credentials = { password: "right" };
  // All of the same length, so that each scene sends the same number of bytes.
  const key = `m${String(++scenes).padStart(6, "0")}`;
  const client = new Redis(proxy.url, {
    protocol,
    clientName: key,
    credentialProvider: () => ({ username: USER, ...credentials }),
    socketTimeout: timeout,
    socketConnectTimeout: TIMEOUT,
    blockingGrace: timeout,
    retry: new Retry(new ConstantBackoff(5), 2),
  });
  const redis = signal === undefined ? client : client.with({ signal });
  const names = { key, counter: `${key}c`, list: `${key}l`, free: `${key}f`, nothing: `${key}n` };
  const tell = (...words: string[]): Promise<unknown> => server.command(...words);
  const session = redis.client();
  const scene = { client, redis, session, credentials, port: server.port, tell, ...names };
  await restore(scene);
  return { proxy, scene, size: { up: 0, down: 0 }, connections: 0, loading: loading.port };
}

/** Restore the initial content of the database. */
async function restore({ key, counter, list, free }: Scene): Promise<void> {
  await Promise.all([
    server.command("DEL", counter, list, free),
    server.command("SET", key, "value"),
    server.command("RPUSH", list, ...new Array(ELEMENTS).fill("element")),
  ]);
}

interface Play {
  readonly fault: Fault;
  readonly operation: Operation;
}

/** Return the scene with long deadlines; the short ones apply to the operation only. */
function patient(scene: Scene): Scene {
  const { redis, session } = scene;
  const patience = { timeout: TIMEOUT };
  return { ...scene, redis: redis.with(patience), session: session.with(patience) };
}

async function play(first: Stage, { fault, operation }: Play): Promise<void> {
  const { scene, proxy } = first;
  let stage = first;
  if (fault.when === "live") {
    await patient(scene).redis.connect();
    await operation.prepare?.(patient(scene));
    if (operation.closes !== true) {
      stage = { ...first, size: await measure(proxy, operation, scene) };
      await restore(scene);
      await operation.prepare?.(patient(scene));
      await restore(scene);
    }
  }
  if (fault.everyByte === undefined) await strike(stage, { fault, operation });
  else await strikeEveryByte(stage, { fault, operation });
  await scene.session.close();
  expect((await settle(scene.client.close())).ok).toBe(true);
  expect(inspect(scene.redis)).toMatch(/ shared=0 leased=0 idle=0 waiting=0>$/);
}

/** Count the bytes in both directions without a fault. */
async function measure(proxy: FaultProxy, operation: Operation, scene: Scene) {
  const before = proxy.forwarded;
  expect(await operation.run(patient(scene))).toEqual(operation.value);
  const { up, down } = proxy.forwarded;
  return { up: up - before.up, down: operation.answer ?? down - before.down };
}

async function strikeEveryByte(stage: Stage, { fault, operation }: Play): Promise<void> {
  const { down } = stage.size;
  const bytes = operation.closes ? 1 : down - 1;
  for (let n = 1; n <= bytes; n++) {
    const cut = { ...fault, strike: () => fault.everyByte?.(stage, n) };
    await strike(stage, { fault: cut, operation });
    if (operation.closes) return;
    await restore(stage.scene);
    await operation.prepare?.(stage.scene);
    await restore(stage.scene);
  }
}

async function strike(given: Stage, { fault, operation }: Play): Promise<void> {
  const { proxy, scene } = given;
  const stage = { ...given, connections: proxy.connections };
  const count = counting(scene, operation);
  const before = await count();
  await fault.strike(stage);
  const ending = await settle(run(stage, { fault, operation }));
  expect(ending.ms).toBeLessThan(PROMPT);
  await fault.noticed?.(stage);
  proxy.up.clear();
  proxy.down.clear();
  await fault.heal?.(stage);
  expectEnding(ending, { fault, operation });
  if (!operation.closes) await expectOwnReplies(scene);
  expectEffect(ending, operation, (await count()) - before);
}

async function run(stage: Stage, { fault, operation }: Play): Promise<unknown> {
  const { proxy, scene } = stage;
  const { whenHeld } = fault;
  if (whenHeld !== undefined) return operation.held?.(scene, () => whenHeld(stage));
  const sent = proxy.arrived.up;
  const running = operation.run(scene);
  running.catch(() => {});
  fault.atOnce?.(stage);
  if (fault.second !== undefined) {
    await proxy.whenBytes("up", sent + 1);
    fault.second(stage);
  }
  return running;
}

/** Send commands over connections that were idle during the fault and may detect it only now. */
async function expectOwnReplies(scene: Scene): Promise<void> {
  const retryOnError = [ConnectionError, TimeoutError];
  const { key, list, nothing, redis } = scene;
  const again = redis.with({ timeout: TIMEOUT, retryOnError });
  const own = (): Promise<unknown[]> =>
    Promise.all([again.get(key), again.llen(list), again.type(nothing), again.get(key)]);
  // Invalid bytes reject one of the commands; the others must not be affected.
  const [value, length, type, same] = await own().catch((error) => {
    if (!(error instanceof InvalidResponse)) throw error;
    return own();
  });
  expect([value, type, same]).toEqual(["value", "none", "value"]);
  expect(length).toBeGreaterThan(ELEMENTS - 3);
  await until(() => / shared=1 leased=[01] idle=\d waiting=0>$/.test(inspect(redis)));
}

function counting({ counter, list }: Scene, operation: Operation): () => Promise<number> {
  if (operation.counts === undefined)
    return async () => Number(await server.command("GET", counter));
  return async () => ELEMENTS - Number(await server.command("LLEN", list));
}

function endOf(ending: Ending<unknown>) {
  return ending.ok ? "ok" : (ending.error.outcome ?? "refused");
}

function expectEnding(ending: Ending<unknown>, { fault, operation }: Play): void {
  const shown = inspect(ending);
  expect(endsOf(fault, operation), shown).toContain(endOf(ending));
  if (ending.ok) expect(ending.value).toEqual(operation.value);
  else expect(errorsOf(fault, operation), shown).toContain(ending.error.name);
}

function expectEffect(ending: Ending<unknown>, operation: Operation, effect: number): void {
  const { atomic, effect: all } = operation;
  const end = endOf(ending);
  if (end === "ok") expect(effect).toBe(all);
  else if (end !== "unknown") expect(effect).toBe(0);
  else if (atomic) expect([0, all]).toContain(effect);
  else expect(effect).toBeLessThanOrEqual(all);
}
