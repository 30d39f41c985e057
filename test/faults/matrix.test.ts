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
import { FAULTS, type Fault, type FaultEnvironment } from "../support/fault-matrix/faults.js";
import { errorsOf, reasonToSkip, resultsOf, withGrid } from "../support/fault-matrix/grid.js";
import {
  OPERATIONS,
  type Operation,
  type OperationContext,
} from "../support/fault-matrix/operations.js";
import { type FaultProxy, startProxy } from "../support/fault-proxy.js";
import { watchLeaks } from "../support/leaks.js";
import { PROTOCOLS, type Protocol } from "../support/protocols.js";
import { startServer } from "../support/server.js";
import { type Settled, settle } from "../support/settle.js";
import { until } from "../support/until.js";

const USER = "matrix";
const ACL = { acl: [`${USER} on >right ~* &* +@all`] };
const TIMEOUT = 5000;
/** Time limit of an operation in ms: no promise may wait for the default deadlines. */
const MAX_MS = 4000;
const ELEMENTS = 100;
const CONCURRENT = { concurrent: true } as const;

const [server, loading] = await Promise.all([startServer(ACL), startServer(ACL)]);
await startLoading();
const leaks = watchLeaks("/src/");

afterAll(async () => {
  await leaks.assertNone();
  await Promise.all([server.stop(), loading.stop()]);
});

/** Make the other server reply LOADING to every command that needs data, until it is killed. */
async function startLoading(): Promise<void> {
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
    OPERATIONS.filter((operation) => reasonToSkip(fault, operation) === undefined).map(
      (operation): [string, Protocol, Combination] => [
        `RESP${protocol}, ${fault.name}: ${operation.name}`,
        protocol,
        { fault, operation },
      ],
    ),
  ),
);

describe("fault grid in docs/reliability.md", () => {
  it("equals the expected results of the fault matrix", async () => {
    const page = fileURLToPath(new URL("../../docs/reliability.md", import.meta.url));
    await expect(withGrid(readFileSync(page, "utf8"))).toMatchFileSnapshot(page);
  });
});

describe("fault matrix", CONCURRENT, () => {
  it.each(cases)("%s", async (_, protocol, combination) => {
    await using proxy = await startProxy(server);
    const timeout = combination.fault.timeout ?? TIMEOUT;
    // Under one protocol the commands have a signal; under the other they take the shorter path.
    const signal = protocol === 3 ? new AbortController().signal : undefined;
    const environment = await createEnvironment(proxy, { protocol, timeout, signal });
    try {
      await runCombination(environment, combination);
    } finally {
      environment.context.redis.disconnect();
    }
    if (signal !== undefined) expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

interface ClientSettings {
  readonly protocol: Protocol;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

let created = 0;

async function createEnvironment(
  proxy: FaultProxy,
  settings: ClientSettings,
): Promise<FaultEnvironment> {
  const { protocol, timeout, signal } = settings;
  const credentials = { password: "right" };
  // All of the same length, so that each context sends the same number of bytes.
  const key = `m${String(++created).padStart(6, "0")}`;
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
  const keys = {
    key,
    counter: `${key}c`,
    list: `${key}l`,
    otherKey: `${key}f`,
    missingKey: `${key}n`,
  };
  const command = (...words: string[]): Promise<unknown> => server.command(...words);
  const session = redis.client();
  const context = { client, redis, session, credentials, port: server.port, command, ...keys };
  await restore(context);
  return { proxy, context, size: { up: 0, down: 0 }, connections: 0, loading: loading.port };
}

/** Restore the initial content of the database. */
async function restore({ key, counter, list, otherKey }: OperationContext): Promise<void> {
  await Promise.all([
    server.command("DEL", counter, list, otherKey),
    server.command("SET", key, "value"),
    server.command("RPUSH", list, ...new Array(ELEMENTS).fill("element")),
  ]);
}

interface Combination {
  readonly fault: Fault;
  readonly operation: Operation;
}

/** Return the context with long deadlines; the short ones apply to the operation only. */
function withLongDeadlines(context: OperationContext): OperationContext {
  const { redis, session } = context;
  const patience = { timeout: TIMEOUT };
  return { ...context, redis: redis.with(patience), session: session.with(patience) };
}

async function runCombination(
  initial: FaultEnvironment,
  { fault, operation }: Combination,
): Promise<void> {
  const { context, proxy } = initial;
  let environment = initial;
  if (fault.when === "live") {
    await withLongDeadlines(context).redis.connect();
    await operation.prepare?.(withLongDeadlines(context));
    if (operation.closes !== true) {
      environment = { ...initial, size: await measure(proxy, operation, context) };
      await restore(context);
      await operation.prepare?.(withLongDeadlines(context));
      await restore(context);
    }
  }
  if (fault.injectAfterByte === undefined) await injectAndCheck(environment, { fault, operation });
  else await injectAfterEveryByte(environment, { fault, operation });
  await context.session.close();
  expect((await settle(context.client.close())).ok).toBe(true);
  expect(inspect(context.redis)).toMatch(/ shared=0 leased=0 idle=0 waiting=0>$/);
}

/** Count the bytes in both directions without a fault. */
async function measure(proxy: FaultProxy, operation: Operation, context: OperationContext) {
  const before = proxy.forwarded;
  expect(await operation.run(withLongDeadlines(context))).toEqual(operation.value);
  const { up, down } = proxy.forwarded;
  return { up: up - before.up, down: operation.replyBytes ?? down - before.down };
}

async function injectAfterEveryByte(
  environment: FaultEnvironment,
  { fault, operation }: Combination,
): Promise<void> {
  const { down } = environment.size;
  const bytes = operation.closes ? 1 : down - 1;
  for (let n = 1; n <= bytes; n++) {
    const cut = { ...fault, inject: () => fault.injectAfterByte?.(environment, n) };
    await injectAndCheck(environment, { fault: cut, operation });
    if (operation.closes) return;
    await restore(environment.context);
    await operation.prepare?.(environment.context);
    await restore(environment.context);
  }
}

async function injectAndCheck(
  initial: FaultEnvironment,
  { fault, operation }: Combination,
): Promise<void> {
  const { proxy, context } = initial;
  const environment = { ...initial, connections: proxy.connections };
  const count = counting(context, operation);
  const before = await count();
  await fault.inject(environment);
  const settled = await settle(run(environment, { fault, operation }));
  expect(settled.ms).toBeLessThan(operation.maxMs ?? MAX_MS);
  await fault.whenNoticed?.(environment);
  proxy.up.clear();
  proxy.down.clear();
  await fault.remove?.(environment);
  expectResult(settled, { fault, operation });
  if (!operation.closes) await expectOwnReplies(context);
  expectEffect(settled, operation, (await count()) - before);
}

async function run(
  environment: FaultEnvironment,
  { fault, operation }: Combination,
): Promise<unknown> {
  const { proxy, context } = environment;
  const { injectWhileHeld } = fault;
  if (injectWhileHeld !== undefined)
    return operation.runHeld?.(context, () => injectWhileHeld(environment));
  const sent = proxy.received.up;
  const running = operation.run(context);
  running.catch(() => {});
  fault.injectInSameTurn?.(environment);
  if (fault.injectAfterRequest !== undefined) {
    await proxy.whenReceived("up", sent + 1);
    fault.injectAfterRequest(environment);
  }
  return running;
}

/** Send commands over connections that were idle during the fault and may detect it only now. */
async function expectOwnReplies(context: OperationContext): Promise<void> {
  const retryOnError = [ConnectionError, TimeoutError];
  const { key, list, missingKey, redis } = context;
  const again = redis.with({ timeout: TIMEOUT, retryOnError });
  const own = (): Promise<unknown[]> =>
    Promise.all([again.get(key), again.llen(list), again.type(missingKey), again.get(key)]);
  // Invalid bytes reject one of the commands; the others must not be affected.
  const [value, length, type, same] = await own().catch((error) => {
    if (!(error instanceof InvalidResponse)) throw error;
    return own();
  });
  expect([value, type, same]).toEqual(["value", "none", "value"]);
  expect(length).toBeGreaterThan(ELEMENTS - 3);
  await until(() => / shared=1 leased=[01] idle=\d waiting=0>$/.test(inspect(redis)));
}

function counting(
  { counter, list }: OperationContext,
  operation: Operation,
): () => Promise<number> {
  if (operation.counts === undefined)
    return async () => Number(await server.command("GET", counter));
  return async () => ELEMENTS - Number(await server.command("LLEN", list));
}

function resultOf(settled: Settled<unknown>) {
  return settled.ok ? "ok" : (settled.error.outcome ?? "refused");
}

function expectResult(settled: Settled<unknown>, { fault, operation }: Combination): void {
  const shown = inspect(settled);
  expect(resultsOf(fault, operation), shown).toContain(resultOf(settled));
  if (settled.ok) expect(settled.value).toEqual(operation.value);
  else expect(errorsOf(fault, operation), shown).toContain(settled.error.name);
}

function expectEffect(settled: Settled<unknown>, operation: Operation, effect: number): void {
  const { atomic, effect: all } = operation;
  const end = resultOf(settled);
  if (end === "ok") expect(effect).toBe(all);
  else if (end !== "unknown") expect(effect).toBe(0);
  else if (atomic) expect([0, all]).toContain(effect);
  else expect(effect).toBeLessThanOrEqual(all);
}
