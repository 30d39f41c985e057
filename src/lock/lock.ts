/**
 * The lock: a key that holds a unique token and expires. A holder whose time has run out has lost the lock, so
 * no command changes the key without the server comparing the token first.
 */

import { inspect } from "node:util";
import { isUint8Array } from "node:util/types";
import type { Key } from "../commands/core/info.js";
import { LockError, LockNotOwnedError } from "../errors.js";
import { toBytes } from "../util/bytes.js";
import { defineSelf, SELF } from "../util/self.js";
import { realTime } from "../util/timers.js";
import { boolean, invalidOption, onlyKnown } from "../util/validate.js";
import {
  type AcquireClient,
  Acquisition,
  type HeldLock,
  mayHaveRun,
  validUntil,
} from "./acquire.js";
import {
  type AcquireOptions,
  acquireSettings,
  additionalTime,
  type LockOptions,
  type LockSettings,
  lockSettings,
} from "./options.js";
import { LockRenewal } from "./renewal.js";
import { EXTEND, REACQUIRE, RELEASE, RENEW } from "./scripts.js";

/** Call settings of a lock's commands that differ from those of its client. */
interface LockView {
  readonly decodeResponses: false;
  readonly retryOnTimeout: false;
  readonly retryOnError: readonly [];
  readonly signal?: undefined;
  readonly timeout?: undefined;
}

/** The part of a client that a lock uses. */
export interface LockClient extends AcquireClient {
  get(key: Key): Promise<string | Buffer | null>;
  exists(key: Key): Promise<number>;
  /** Return the same client with other call settings. */
  with(settings: LockView): LockClient;
  /** Source of the encoding of string tokens; UTF-8 without it. */
  readonly connectionPool?: { readonly settings: { readonly encoding: BufferEncoding } };
}

/** A lock class: {@link Lock} or a class derived from it. */
export type LockClass<L extends Lock = Lock> = new (
  client: LockClient,
  name: Key,
  options?: LockOptions,
) => L;

/** Options of {@link Lock.extend}. */
export interface ExtendOptions {
  /** Whether the time replaces the remaining time instead of being added to it; default `false`. */
  readonly replaceTtl?: boolean | undefined;
}

/**
 * Automatic retries are off: a repeated SET NX fails because of the key that the first one has set, and a
 * repeated release finds no lock.
 */
const VIEW = { decodeResponses: false, retryOnTimeout: false, retryOnError: [] } as const;

function newToken(): Buffer {
  return Buffer.from(globalThis.crypto.randomUUID().replaceAll("-", ""));
}

function notOwned(action: string, cause?: unknown): LockNotOwnedError {
  return new LockNotOwnedError(`Cannot ${action} a lock that's no longer owned`, {
    code: "ENOTOWNED",
    cause,
  });
}

function lockError(message: string): LockError {
  return new LockError(message, { code: "ELOCK" });
}

/**
 * A lock shared by all clients that use the same name. Created by `redis.lock(name)`, which does not
 * acquire it. The lock is safe with one server; it can be lost in a failover.
 *
 * @see {@link https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/ | Distributed locks}
 */
export class Lock {
  /** @internal */ static readonly name: string = "Lock";
  /** Key of the lock. */
  readonly name: Key;
  /** @internal */
  declare protected readonly [SELF]: this;
  readonly #client: LockClient;
  /** The client without its signal and timeout, for commands that must be sent in any case. */
  readonly #unlimitedClient: LockClient;
  readonly #settings: LockSettings;
  #held: HeldLock | undefined = undefined;
  readonly #cleanups = new Set<Promise<void>>();

  /**
   * @param client - Client that sends the lock's commands.
   * @param name - Key of the lock: string, number or bytes.
   * @param options - See {@link LockOptions}; all times are milliseconds.
   * @throws {@link DataError} naming the option that is unknown or invalid.
   */
  constructor(client: LockClient, name: Key, options: LockOptions = {}) {
    defineSelf(this);
    this.name = name;
    this.#settings = lockSettings(options);
    this.#client = client.with(VIEW);
    this.#unlimitedClient = this.#client.with({ ...VIEW, signal: undefined, timeout: undefined });
    const { fencingKey } = this.#settings;
    if (fencingKey !== undefined && this.#isSameKey(name, fencingKey)) {
      throw invalidOption("fencingKey", "different from the key of the lock", "the same key");
    }
  }

  /** Value of the key while this object holds the lock; `undefined` otherwise. */
  get token(): Buffer | undefined {
    return this[SELF].#held?.token;
  }

  /** Integer that grows with every acquisition; `undefined` without `fencingKey` or while not held. */
  get fencingToken(): number | undefined {
    return this[SELF].#held?.fencingToken;
  }

  /**
   * Acquire the lock.
   *
   * @param options.blocking - Boolean: whether to wait while another client holds it.
   * @param options.blockingTimeout - Number, ms: longest time to wait.
   * @param options.signal - AbortSignal that ends the wait.
   * @param options.token - String or bytes, not empty: value of the key; default: a new UUID. Other options
   * default to those of the lock.
   * @returns `true` when the lock is acquired, `false` when another client holds it.
   * @throws {@link AbortError} when `signal` is aborted before the lock is acquired.
   * @throws {@link ConnectionError} | {@link TimeoutError} when the server does not reply. A lock that may
   * have been acquired is then deleted in the background.
   * @throws {@link DataError} for an invalid option.
   */
  async acquire(options: AcquireOptions = {}): Promise<boolean> {
    const self = this[SELF];
    const settings = acquireSettings(self.#settings, options);
    const token = settings.token === undefined ? newToken() : self.#bytesOf(settings.token);
    const { name } = this;
    const acquisition = new Acquisition({
      name,
      token,
      settings,
      client: self.#client,
      cleanupClient: self.#unlimitedClient,
    });
    try {
      const held = await acquisition.run();
      if (held === undefined) return false;
      self.#held = held;
      return true;
    } finally {
      self.#trackCleanup(acquisition.cleanup);
    }
  }

  /**
   * Acquire the lock or throw, for `await using held = await redis.lock(name).hold();`.
   *
   * @param options - As for {@link acquire}.
   * @returns This lock; `await using` releases it at the end of the block.
   * @throws {@link LockError} when another client holds it until the end of the wait. Otherwise as
   * {@link acquire}.
   */
  async hold(options?: AcquireOptions): Promise<this> {
    if (await this.acquire(options)) return this;
    throw lockError("Unable to acquire lock within the time specified");
  }

  /**
   * Acquire the lock, run a function while renewing it, and release it.
   *
   * @param work - Function called with an AbortSignal and this lock. The signal is aborted when the lock is
   * lost, or `options.signal` is aborted.
   * @param options - As for {@link acquire}.
   * @returns The result of `work`, after the lock is released.
   * @throws What `work` throws. Otherwise {@link LockError} when the lock is not acquired,
   * {@link LockNotOwnedError} when it was lost while `work` ran.
   * @remarks The lock is renewed after every third of its `timeout`. A longer time set by `extend()` is kept.
   */
  async using<V>(
    work: (signal: AbortSignal, lock: this) => V | Promise<V>,
    options: AcquireOptions = {},
  ): Promise<V> {
    const self = this[SELF];
    await this.hold(options);
    const { timeout, signal } = self.#settings;
    const held = self.#heldLock("use");
    const renewal = new LockRenewal({
      interval: timeout / 3,
      validUntil: () => (held.released ? undefined : held.validUntil),
      renew: () => self.#renew(held),
      signal: options.signal ?? signal,
    });
    let value: V;
    try {
      value = await work(renewal.signal, this);
    } catch (error) {
      renewal.stop();
      await self.#releaseQuietly(held);
      throw error;
    }
    renewal.stop();
    if (renewal.lost !== undefined) {
      await self.#releaseQuietly(held);
      throw renewal.lost;
    }
    if (!held.released) await self.#release(held);
    return value;
  }

  /**
   * Release the lock. Signals and timeouts of the client's calls do not apply.
   *
   * @throws {@link LockNotOwnedError} when the lock has expired; if another client holds it, it keeps it.
   * @throws {@link LockError} when the lock is not held by this object.
   * @throws {@link ConnectionError} | {@link TimeoutError} when the server does not reply; the release can
   * be repeated then.
   */
  async release(): Promise<void> {
    await this[SELF].#release(this[SELF].#heldLock("release"));
  }

  /**
   * Extend the lock's time to live.
   *
   * @param time - Number, ms, more than 0: added to the remaining time; fractions are rounded up.
   * @param options.replaceTtl - Boolean: whether to replace the remaining time instead; default `false`.
   * @returns `true`.
   * @throws {@link LockNotOwnedError} when the lock has expired.
   * @throws {@link LockError} when the lock is not held by this object, or has no `timeout`.
   * @throws {@link DataError} for an invalid time or option.
   */
  async extend(time: number, options: ExtendOptions = {}): Promise<true> {
    const self = this[SELF];
    const whole = additionalTime(time);
    const { replaceTtl: given = false } = onlyKnown(options, ["replaceTtl"]);
    const replaceTtl = boolean("replaceTtl", given);
    const held = self.#expiringLock("extend");
    const begun = realTime();
    const remaining = replaceTtl ? 0 : Math.max(held.validUntil - begun, 0);
    const isOwned = await self.#run(EXTEND, held, [whole, replaceTtl ? 1 : 0], self.#client);
    if (!isOwned) throw notOwned("extend");
    held.validUntil = begun + remaining + whole;
    return true;
  }

  /**
   * Reset the lock's time to live to its `timeout`.
   *
   * @returns `true`.
   * @throws {@link LockNotOwnedError} when the lock has expired.
   * @throws {@link LockError} when the lock is not held by this object, or has no `timeout`.
   */
  async reacquire(): Promise<true> {
    const self = this[SELF];
    const held = self.#expiringLock("reacquire");
    const { timeout } = self.#settings;
    const begun = realTime();
    if (!(await self.#run(REACQUIRE, held, [timeout], self.#client))) throw notOwned("reacquire");
    held.validUntil = validUntil(begun, timeout);
    return true;
  }

  /** Return whether any client holds the lock. */
  async locked(): Promise<boolean> {
    return Number(await this[SELF].#client.exists(this.name)) !== 0;
  }

  /** Return whether this object holds the lock, according to the server. */
  async owned(): Promise<boolean> {
    const token = this[SELF].#held?.token;
    if (token === undefined) return false;
    const value = await this[SELF].#client.get(this.name);
    return value !== null && token.equals(Buffer.from(value as string));
  }

  /** Release the lock if it is held, and wait for pending deletions; throws as {@link release} does. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this[SELF].#held !== undefined) await this.release();
    await Promise.all(this[SELF].#cleanups);
  }

  [inspect.custom](): string {
    return `${this.constructor.name}<${this[SELF].#held === undefined ? "not held" : "held"}>`;
  }

  #bytesOf(token: string | Uint8Array): Buffer {
    const encoding = this.#client.connectionPool?.settings.encoding ?? "utf8";
    return toBytes('argument "token"', token, encoding);
  }

  #isSameKey(a: Key, b: Key): boolean {
    const { encoding = "utf8" } = this.#client.connectionPool?.settings ?? {};
    const bytes = (key: Key): Uint8Array =>
      isUint8Array(key) ? key : Buffer.from(String(key), encoding);
    return Buffer.compare(bytes(a), bytes(b)) === 0;
  }

  #trackCleanup(cleanup: Promise<void> | undefined): void {
    if (cleanup === undefined) return;
    this.#cleanups.add(cleanup);
    void cleanup.finally(() => this.#cleanups.delete(cleanup));
  }

  #heldLock(action: string): HeldLock {
    if (this.#held === undefined) throw lockError(`Cannot ${action} an unlocked lock`);
    return this.#held;
  }

  #expiringLock(action: string): HeldLock {
    const held = this.#heldLock(action);
    if (this.#settings.timeout === 0) throw lockError(`Cannot ${action} a lock with no timeout`);
    return held;
  }

  /** Renew without shortening a longer time set by `extend()`, unlike `reacquire()`. */
  async #renew(held: HeldLock): Promise<void> {
    const { timeout } = this.#settings;
    const begun = realTime();
    if (!(await this.#run(RENEW, held, [timeout]))) throw notOwned("reacquire");
    held.validUntil = Math.max(held.validUntil, validUntil(begun, timeout));
  }

  async #release(held: HeldLock): Promise<void> {
    const isValid = realTime() < held.validUntil;
    if (this.#held === held) this.#held = undefined;
    held.released = true;
    let released: boolean;
    try {
      released = await this.#run(RELEASE, held, []);
    } catch (error) {
      // The lock may still be held: release() can be repeated, unless it was acquired again meanwhile.
      held.released = false;
      this.#held ??= held;
      if (mayHaveRun(error)) held.releasedInTime ??= isValid;
      throw error;
    }
    // Not an error when an earlier release, whose reply was lost, has deleted the lock in time.
    if (!released && held.releasedInTime !== true) throw notOwned("release");
  }

  async #run(
    script: typeof RELEASE,
    held: HeldLock,
    args: readonly number[],
    client = this.#unlimitedClient,
  ): Promise<boolean> {
    const keysAndArgs = { keys: [this.name], args: [held.token, ...args] };
    return Number(await script.run(client, keysAndArgs)) === 1;
  }

  /** Release without throwing: another error is thrown instead. If this fails, the lock expires. */
  async #releaseQuietly(held: HeldLock): Promise<void> {
    if (held.released) return;
    try {
      await this.#release(held);
    } catch {
      if (this.#held === held) this.#held = undefined;
    }
  }
}
