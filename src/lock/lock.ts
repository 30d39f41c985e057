/**
 * The lock: a key that holds a unique token and expires. A holder whose time has run out has lost the lock, so
 * no command changes the key without the server comparing the token first.
 */
import { inspect } from "node:util";
import type { Key } from "../commands/core/info.js";
import { LockNotOwnedError } from "../errors.js";
import { defineSelf, SELF } from "../util/self.js";
import { realTime } from "../util/timers.js";
import { boolean, callable, checkOptions, invalidOption } from "../util/validate.js";
import { Acquisition, type HeldLock, validUntil } from "./acquire.js";
import { lockedByAnother, misused, notOwned } from "./errors.js";
import {
  isSameKey,
  type LockClient,
  type LockClients,
  lockClients,
  tokenOf,
} from "./lock-client.js";
import {
  type AcquireOptions,
  type AcquireSettings,
  acquireSettings,
  additionalTime,
  type ExtendOptions,
  type LockOptions,
  type LockSettings,
  lockKey,
  lockSettings,
  optionsArgument,
  type TryUsingOptions,
  type TryUsingResult,
  type UsingOptions,
} from "./options.js";
import { LockRenewal } from "./renewal.js";
import { flagReply, mayHaveRun, valueReply } from "./replies.js";
import { EXTEND, REACQUIRE, RELEASE, RENEW } from "./scripts.js";

/** A lock class: {@link Lock} or a class derived from it. */
export type LockClass<L extends Lock = Lock> = new (
  client: LockClient,
  name: Key,
  options?: LockOptions,
) => L;

/** Function that runs under a lock; see {@link Lock.using}. */
export type LockWork<L, V> = (signal: AbortSignal, lock: L) => V | Promise<V>;

const checkWork = callable<LockWork<never, never>>("a function");

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
  /** A copy: the owner of bytes may change them. */
  readonly #key: Key;
  readonly #clients: LockClients;
  readonly #settings: LockSettings;
  #held: HeldLock | undefined = undefined;
  #lost: LockNotOwnedError | undefined = undefined;
  readonly #cleanups = new Set<Promise<void>>();

  /**
   * @param client - Client that sends the lock's commands. Its response callbacks do not apply to them.
   * @param name - Key of the lock: string, number or bytes.
   * @param options - See {@link LockOptions}; all times are milliseconds.
   * @throws {@link DataError} naming the argument or option that is unknown or invalid.
   */
  constructor(client: LockClient, name: Key, ...options: [options?: LockOptions]) {
    defineSelf(this);
    this.name = name;
    this.#key = lockKey('lock: argument "name"', name);
    this.#settings = lockSettings(...options);
    this.#clients = lockClients(client);
    const { fencingKey } = this.#settings;
    if (fencingKey !== undefined && isSameKey(this.#clients.client, this.#key, fencingKey)) {
      throw invalidOption("fencingKey", "different from the key of the lock", "the same key");
    }
  }

  /** Copy of the value of the key while this object holds the lock; `undefined` otherwise. */
  get token(): Buffer | undefined {
    const held = this[SELF].#held;
    return held && Buffer.from(held.token);
  }

  /** The error that reported the loss of the held lock; `undefined` from the next acquisition on. */
  get lost(): LockNotOwnedError | undefined {
    return this[SELF].#lost;
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
   * @throws {@link ResponseError} when the key, or the counter of `fencingKey`, has a value of another type.
   * @throws {@link LockError} with code `EFENCING` when the counter is negative or at its end.
   * @throws {@link DataError} for an invalid option.
   */
  async acquire(...options: [options?: AcquireOptions]): Promise<boolean> {
    const self = this[SELF];
    const settings = acquireSettings(self.#settings, "acquire", options);
    const token = tokenOf(self.#clients.client, settings.token);
    const { client, unlimited } = self.#clients;
    const name = self.#key;
    const acquisition = new Acquisition({
      name,
      token,
      settings,
      client,
      cleanupClient: unlimited,
    });
    try {
      const held = await acquisition.run();
      if (held === undefined) return false;
      self.#held = held;
      self.#lost = undefined;
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
   * @throws {@link LockError} with code `ELOCKED` when another client holds it until the end of the wait.
   * Otherwise as {@link acquire}.
   */
  async hold(...options: [options?: AcquireOptions]): Promise<this> {
    const { blocking } = acquireSettings(this[SELF].#settings, "hold", options);
    if (await this.acquire(...options)) return this;
    throw lockedByAnother(blocking);
  }

  /**
   * Acquire the lock, run a function while renewing it, and release it.
   *
   * @param work - Function called with an AbortSignal and this lock. The signal is aborted when the lock is
   * lost, or `options.signal` is aborted.
   * @param options - As for {@link acquire}, and `raiseOnReleaseError`; see {@link LockOptions}.
   * @returns The result of `work`, after the lock is released.
   * @throws What `work` throws. Otherwise {@link LockError} with code `ELOCKED` when the lock is not acquired,
   * {@link LockNotOwnedError} when it was lost while `work` ran.
   * @remarks The lock is renewed after every third of its `timeout`. A longer time set by `extend()` is kept.
   */
  async using<V>(work: LockWork<this, V>, ...options: [options?: UsingOptions]): Promise<V> {
    const self = this[SELF];
    checkWork('using: argument "work"', work);
    const settings = acquireSettings(self.#settings, "using", options);
    const { raiseOnReleaseError: _, ...others } = options[0] ?? {};
    await this.hold(others);
    return await self.#runHolding((signal) => work(signal, this), settings);
  }

  /**
   * Run a function as {@link using} does, but only if the lock can be acquired without waiting.
   *
   * @param work - As for {@link using}.
   * @param options - As for {@link using}, without those of waiting.
   * @returns `{ acquired: true, value }` with the result of `work`; `{ acquired: false }` when another client
   * holds the lock.
   * @throws As {@link using}, except that a lock of another client is not an error.
   */
  async tryUsing<V>(
    work: LockWork<this, V>,
    ...options: [options?: TryUsingOptions]
  ): Promise<TryUsingResult<V>> {
    const self = this[SELF];
    checkWork('tryUsing: argument "work"', work);
    const settings = acquireSettings(self.#settings, "tryUsing", options);
    const { raiseOnReleaseError: _, ...others } = options[0] ?? {};
    if (!(await this.acquire({ ...others, blocking: false }))) return { acquired: false };
    return {
      acquired: true,
      value: await self.#runHolding((signal) => work(signal, this), settings),
    };
  }

  /**
   * Release the lock. Signals and timeouts of the client's calls do not apply.
   *
   * @throws {@link LockNotOwnedError} when the lock has expired; if another client holds it, it keeps it.
   * @throws {@link LockError} when the lock is not held by this object.
   * @throws {@link ConnectionError} | {@link TimeoutError} when the server does not reply; the release can
   * be repeated then.
   */
  async release(...none: []): Promise<void> {
    optionsArgument("release", none);
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
  async extend(time: number, ...options: [options?: ExtendOptions]): Promise<true> {
    const self = this[SELF];
    const whole = additionalTime(time);
    const given = optionsArgument("extend", options);
    const { replaceTtl = false } = checkOptions({ replaceTtl: boolean }, given);
    const held = self.#expiringLock("extend");
    const begun = realTime();
    const remaining = replaceTtl ? 0 : Math.max(held.validUntil - begun, 0);
    const { client } = self.#clients;
    const isOwned = await self.#run(EXTEND, held, [whole, replaceTtl ? 1 : 0], client);
    if (!isOwned) throw self.#loss("extend");
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
  async reacquire(...none: []): Promise<true> {
    const self = this[SELF];
    optionsArgument("reacquire", none);
    const held = self.#expiringLock("reacquire");
    const { timeout } = self.#settings;
    const begun = realTime();
    const isOwned = await self.#run(REACQUIRE, held, [timeout], self.#clients.client);
    if (!isOwned) throw self.#loss("reacquire");
    held.validUntil = validUntil(begun, timeout);
    return true;
  }

  /** Return whether any client holds the lock. */
  async locked(...none: []): Promise<boolean> {
    optionsArgument("locked", none);
    return flagReply("EXISTS", await this[SELF].#clients.client.exists(this[SELF].#key));
  }

  /** Return whether this object holds the lock, according to the server. */
  async owned(...none: []): Promise<boolean> {
    const self = this[SELF];
    optionsArgument("owned", none);
    const token = self.#held?.token;
    if (token === undefined) return false;
    const value = valueReply("GET", await self.#clients.client.get(self.#key));
    return value !== null && token.equals(value);
  }

  /** Release the lock if it is held, and wait for pending deletions; throws as {@link release} does. */
  async [Symbol.asyncDispose](): Promise<void> {
    const self = this[SELF];
    try {
      if (self.#held !== undefined) await this.release();
    } catch (error) {
      if (!self.#isIgnored(error, self.#settings)) throw error;
    }
    await Promise.all(self.#cleanups);
  }

  [inspect.custom](): string {
    return `${this.constructor.name}<${this[SELF].#held === undefined ? "not held" : "held"}>`;
  }

  #trackCleanup(cleanup: Promise<void> | undefined): void {
    if (cleanup === undefined) return;
    this.#cleanups.add(cleanup);
    cleanup.catch(() => undefined).finally(() => this.#cleanups.delete(cleanup));
  }

  #heldLock(action: string): HeldLock {
    if (this.#held === undefined) throw misused(`Cannot ${action} an unlocked lock`);
    return this.#held;
  }

  #expiringLock(action: string): HeldLock {
    const held = this.#heldLock(action);
    if (this.#settings.timeout === 0) throw misused(`Cannot ${action} a lock with no timeout`);
    return held;
  }

  /** Run a function with the lock that this object has just acquired. */
  async #runHolding<V>(
    work: (signal: AbortSignal) => V | Promise<V>,
    settings: AcquireSettings,
  ): Promise<V> {
    const held = this.#heldLock("use");
    const renewal = new LockRenewal({
      interval: this.#settings.timeout / 3,
      validUntil: () => (held.released ? undefined : held.validUntil),
      renew: () => this.#renew(held),
      signal: settings.signal,
    });
    let value: V;
    try {
      value = await work(renewal.signal);
    } catch (error) {
      await renewal.stop();
      await this.#releaseQuietly(held);
      this.#lost ??= renewal.lost;
      throw error;
    }
    await renewal.stop();
    try {
      await this.#endHolding(held, renewal.lost);
    } catch (error) {
      if (!this.#isIgnored(error, settings)) throw error;
    }
    return value;
  }

  async #endHolding(held: HeldLock, lost: LockNotOwnedError | undefined): Promise<void> {
    if (lost === undefined) return held.released ? undefined : await this.#release(held);
    await this.#releaseQuietly(held);
    this.#lost = lost;
    throw lost;
  }

  #isIgnored(error: unknown, { raiseOnReleaseError }: LockSettings): boolean {
    return !raiseOnReleaseError && error instanceof LockNotOwnedError;
  }

  /** Create the error of a lost lock, and keep it. */
  #loss(action: string): LockNotOwnedError {
    this.#lost = notOwned(action);
    return this.#lost;
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
    if (!released && held.releasedInTime !== true) throw this.#loss("release");
  }

  async #run(
    script: typeof RELEASE,
    held: HeldLock,
    args: readonly number[],
    client = this.#clients.unlimited,
  ): Promise<boolean> {
    const keysAndArgs = { keys: [this.#key], args: [held.token, ...args] };
    return flagReply("EVALSHA", await script.run(client, keysAndArgs));
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
