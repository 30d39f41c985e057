/**
 * Runs one combination of the fault matrix, and checks it: the result, the effect on the server, the replies to the
 * next commands, and that the client has what it should have afterwards.
 */
import { inspect } from "node:util";
import { expect } from "vitest";
import { ConnectionError, InvalidResponse, TimeoutError } from "../../../src/index.js";
import type { FaultProxy } from "../fault-proxy.js";
import { type Settled, settle } from "../settle.js";
import { until } from "../until.js";
import type { Fault, FaultEnvironment } from "./faults.js";
import { errorsOf, resultsOf } from "./grid.js";
import type { MatrixContext, Operation } from "./operations.js";

/** ms; longest duration of an operation: no promise may wait for the default deadlines. */
const MAX_MS = 4000;
/** Number of elements of the list. */
const ELEMENTS = 100;

/** What one server and a cluster have in common, as far as a combination is concerned. */
export interface MatrixWorld<C extends MatrixContext> {
  /** ms; deadlines of everything but the operation. */
  readonly timeout: number;
  /** Return the context with long deadlines; the short ones apply to the operation only. */
  patient(context: C): C;
  /** Whether the client has the usual connections. */
  isUsual(context: C): boolean;
  /** Check that a closed client has no connections. */
  expectEmpty(context: C): unknown;
}

/** A fault and an operation under it. */
export interface Combination<C extends MatrixContext> {
  readonly fault: Fault;
  readonly operation: Operation<C>;
}

/** Restore the initial content of the database. */
async function restore({ command, key, counter, list, otherKey }: MatrixContext): Promise<void> {
  await Promise.all([
    command("DEL", counter, list, otherKey),
    command("SET", key, "value"),
    command("RPUSH", list, ...new Array(ELEMENTS).fill("element")),
  ]);
}

/** Runs combinations in one world. */
export class MatrixRun<C extends MatrixContext> {
  readonly #world: MatrixWorld<C>;

  constructor(world: MatrixWorld<C>) {
    this.#world = world;
  }

  /** Run an operation under a fault, in an environment without connections. */
  async run(initial: FaultEnvironment<C>, combination: Combination<C>): Promise<void> {
    const { fault, operation } = combination;
    const { context } = initial;
    await restore(context);
    const environment = fault.when === "live" ? await this.#connected(initial, operation) : initial;
    if (fault.injectAfterByte === undefined) await this.#check(environment, combination);
    else await this.#checkEveryByte(environment, combination);
    await context.session.close();
    expect((await settle(context.client.close())).ok).toBe(true);
    await this.#world.expectEmpty(context);
  }

  /** Connect, and measure the operation without a fault. */
  async #connected(
    initial: FaultEnvironment<C>,
    operation: Operation<C>,
  ): Promise<FaultEnvironment<C>> {
    const { context, proxy } = initial;
    const patient = this.#world.patient(context);
    await patient.redis.get(context.key);
    await operation.prepare?.(patient);
    if (operation.closes === true) return initial;
    const size = await this.#measure(proxy, operation, context);
    await restore(context);
    await operation.prepare?.(patient);
    await restore(context);
    return { ...initial, size };
  }

  /** Count the bytes in both directions without a fault. */
  async #measure(proxy: FaultProxy, operation: Operation<C>, context: C) {
    const before = proxy.forwarded;
    expect(await operation.run(this.#world.patient(context))).toEqual(operation.value);
    const { up, down } = proxy.forwarded;
    return { up: up - before.up, down: operation.replyBytes ?? down - before.down };
  }

  async #checkEveryByte(
    environment: FaultEnvironment<C>,
    { fault, operation }: Combination<C>,
  ): Promise<void> {
    const { down } = environment.size;
    const bytes = operation.closes ? 1 : down - 1;
    for (let n = 1; n <= bytes; n++) {
      const cut = { ...fault, inject: () => fault.injectAfterByte?.(environment, n) };
      await this.#check(environment, { fault: cut, operation });
      if (operation.closes) return;
      await restore(environment.context);
      await operation.prepare?.(environment.context);
      await restore(environment.context);
    }
  }

  async #check(initial: FaultEnvironment<C>, combination: Combination<C>): Promise<void> {
    const { fault, operation } = combination;
    const { proxy, context } = initial;
    const environment = { ...initial, connections: proxy.connections };
    const count = counting(context, operation);
    const before = await count();
    await fault.inject(environment);
    const settled = await settle(executed(environment, combination));
    expect(settled.ms).toBeLessThan(operation.maxMs ?? MAX_MS);
    await fault.whenNoticed?.(environment);
    proxy.up.clear();
    proxy.down.clear();
    await fault.remove?.(environment);
    expectResult(settled, combination);
    if (!operation.closes) await this.#expectOwnReplies(context);
    expectEffect(settled, operation, (await count()) - before);
  }

  /** Send commands over connections that were idle during the fault and may detect it only now. */
  async #expectOwnReplies(context: C): Promise<void> {
    const { key, list, missingKey, redis } = context;
    const again = redis.with({
      timeout: this.#world.timeout,
      retryOnError: [ConnectionError, TimeoutError],
    });
    const own = (): Promise<unknown[]> =>
      Promise.all([again.get(key), again.llen(list), again.type(missingKey), again.get(key)]);
    // Invalid bytes reject one of the commands; the others must not be affected.
    const [value, length, type, same] = await own().catch((error) => {
      if (!(error instanceof InvalidResponse)) throw error;
      return own();
    });
    expect([value, type, same]).toEqual(["value", "none", "value"]);
    expect(length).toBeGreaterThan(ELEMENTS - 3);
    await until(() => this.#world.isUsual(context));
  }
}

async function executed<C extends MatrixContext>(
  environment: FaultEnvironment<C>,
  { fault, operation }: Combination<C>,
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

type Effect = Pick<Operation, "counts" | "atomic" | "effect">;

/** Return a function that reads from the server what the operation has changed. */
function counting(
  { counter, list, command }: MatrixContext,
  operation: Effect,
): () => Promise<number> {
  if (operation.counts === undefined) return async () => Number(await command("GET", counter));
  return async () => ELEMENTS - Number(await command("LLEN", list));
}

function resultOf(settled: Settled<unknown>) {
  return settled.ok ? "ok" : (settled.error.outcome ?? "refused");
}

function expectResult<C extends MatrixContext>(
  settled: Settled<unknown>,
  { fault, operation }: Combination<C>,
): void {
  const shown = inspect(settled);
  expect(resultsOf(fault, operation), shown).toContain(resultOf(settled));
  if (settled.ok) expect(settled.value).toEqual(operation.value);
  else expect(errorsOf(fault, operation), shown).toContain(settled.error.name);
}

function expectEffect(settled: Settled<unknown>, operation: Effect, effect: number): void {
  const { atomic, effect: all } = operation;
  const end = resultOf(settled);
  if (end === "ok") expect(effect).toBe(all);
  else if (end !== "unknown") expect(effect).toBe(0);
  else if (atomic) expect([0, all]).toContain(effect);
  else expect(effect).toBeLessThanOrEqual(all);
}
