/**
 * Owns the lock: a key with a token that only its holder knows and a time to live. Whoever lets its
 * time run out has lost it, whatever it believes; so nothing here touches the key without the server
 * comparing the token first, and every error says what is known of the ownership.
 */
import { inspect } from "node:util";
import type { Key } from "../commands/core/info.js";
import { LockError, LockNotOwnedError } from "../errors.js";
import { toBytes } from "../util/bytes.js";
import { boolean, invalidOption, onlyKnown } from "../util/validate.js";
import {
  type AcquireClient,
  Acquisition,
  type HeldLock,
  mayHaveRun,
  validFrom,
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

/** What a lock changes in the settings of its client's calls. */
interface LockView {
  readonly decodeResponses: false;
  readonly retryOnTimeout: false;
  readonly retryOnError: readonly [];
  readonly signal?: undefined;
  readonly timeout?: undefined;
}

/** As much of a client as a lock needs. */
export interface LockClient extends AcquireClient {
  get(key: Key): Promise<string | Buffer | null>;
  exists(key: Key): Promise<number>;
  /** The same client under other settings. */
  with(settings: LockView): LockClient;
  /** Where the encoding of tokens given as text is found; UTF-8 when there is none. */
  readonly connectionPool?: { readonly settings: { readonly encoding: BufferEncoding } };
}

/** A class of locks. */
export type LockClass<L extends Lock = Lock> = new (
  client: LockClient,
  name: Key,
  options?: LockOptions,
) => L;

/** Options of {@link Lock.extend}. */
export interface ExtendOptions {
  /** Whether the time replaces what is left instead of being added to it; default `false`. */
  readonly replaceTtl?: boolean | undefined;
}

/**
 * What the client may not do by itself: a SET NX that is sent again fails on the first one's key, a
 * release that is sent again finds nothing to release.
 */
const VIEW = { decodeResponses: false, retryOnTimeout: false, retryOnError: [] } as const;

function freshToken(): Buffer {
  return Buffer.from(globalThis.crypto.randomUUID().replaceAll("-", ""));
}

function notOwned(action: string, cause?: unknown): LockNotOwnedError {
  return new LockNotOwnedError(`Cannot ${action} a lock that's no longer owned`, {
    code: "ENOTOWNED",
    cause,
  });
}

function refused(text: string): LockError {
  return new LockError(text, { code: "ELOCK" });
}

/** A lock shared by all who use its name. Made by `redis.lock(name)`, which does not take it yet. */
export class Lock {
  /** The key of the lock. */
  readonly name: Key;
  readonly #client: LockClient;
  /** Sends what must be sent even when `#client` has been told to stop, or has no time left. */
  readonly #steady: LockClient;
  readonly #settings: LockSettings;
  #held: HeldLock | undefined = undefined;
  readonly #cleanups = new Set<Promise<void>>();

  /**
   * @param client - Runs the lock's commands.
   * @param name - Key of the lock.
   * @throws {@link DataError} naming the option that is unknown or has a bad value.
   */
  constructor(client: LockClient, name: Key, options: LockOptions = {}) {
    this.name = name;
    this.#settings = lockSettings(options);
    this.#client = client.with(VIEW);
    this.#steady = this.#client.with({ ...VIEW, signal: undefined, timeout: undefined });
    const { fencingKey } = this.#settings;
    if (fencingKey !== undefined && this.#isSameKey(name, fencingKey)) {
      throw invalidOption("fencingKey", "another key than the lock's", "the same");
    }
  }

  /** What marks the lock as ours on the server; `undefined` while it is not ours. */
  get token(): Buffer | undefined {
    return this.#held?.token;
  }

  /** The count of this acquisition, larger than that of any before it; needs `fencingKey`. */
  get fencingToken(): number | undefined {
    return this.#held?.fencingToken;
  }

  /**
   * Take the lock.
   *
   * @param options.blocking - Whether to wait for it.
   * @param options.blockingTimeout - Number, ms: longest time to wait.
   * @param options.signal - Ends the waiting.
   * @param options.token - What marks it as ours; default a fresh UUID.
   * @returns Whether it is ours now.
   * @throws {@link AbortError} when `signal` was aborted first.
   * @throws {@link ConnectionError} | {@link TimeoutError} when the server cannot be asked; if it may
   * have given the lock to us, it is asked to free it again.
   */
  async acquire(options: AcquireOptions = {}): Promise<boolean> {
    const settings = acquireSettings(this.#settings, options);
    const token = settings.token === undefined ? freshToken() : this.#bytesOf(settings.token);
    const { name } = this;
    const acquisition = new Acquisition({
      name,
      token,
      settings,
      client: this.#client,
      cleaner: this.#steady,
    });
    try {
      const held = await acquisition.run();
      if (held === undefined) return false;
      this.#held = held;
      return true;
    } finally {
      this.#remember(acquisition.cleanup);
    }
  }

  /**
   * Take the lock or fail, for `await using held = await redis.lock(name).hold();`.
   *
   * @param options - As for {@link acquire}.
   * @returns The lock, which is released at the end of the block.
   * @throws {@link LockError} when it is somebody else's, and stays so as long as we may wait.
   */
  async hold(options?: AcquireOptions): Promise<this> {
    if (await this.acquire(options)) return this;
    throw refused("Unable to acquire lock within the time specified");
  }

  /**
   * Take the lock, and keep it while a function runs.
   *
   * @param work - Gets a signal that is aborted when the lock is lost, or when `options.signal` is.
   * @param options - As for {@link acquire}.
   * @returns What `work` returns, after the lock was released.
   * @throws What `work` throws, whatever becomes of the lock; else {@link LockError} when the lock
   * cannot be had, {@link LockNotOwnedError} when it was lost meanwhile.
   * @remarks The lock is renewed at a third of its `timeout`, and keeps a longer time that `extend()`
   * gave it.
   */
  async using<V>(
    work: (signal: AbortSignal, lock: this) => V | Promise<V>,
    options: AcquireOptions = {},
  ): Promise<V> {
    await this.hold(options);
    const { timeout, signal } = this.#settings;
    const held = this.#own("use");
    const keeper = new LockRenewal({
      interval: timeout / 3,
      validUntil: () => (held.ended ? undefined : held.validUntil),
      renew: () => this.#renew(held),
      signal: options.signal ?? signal,
    });
    let value: V;
    try {
      value = await work(keeper.signal, this);
    } catch (error) {
      keeper.stop();
      await this.#giveBackQuietly(held);
      throw error;
    }
    keeper.stop();
    if (keeper.lost !== undefined) {
      await this.#giveBackQuietly(held);
      throw keeper.lost;
    }
    if (!held.ended) await this.#giveBack(held);
    return value;
  }

  /**
   * Give the lock back; no signal or time limit of the client keeps from that.
   *
   * @throws {@link LockNotOwnedError} when its time ran out; somebody else may have it, and keeps it.
   * @throws {@link LockError} when it was not taken.
   * @throws {@link ConnectionError} | {@link TimeoutError} when the server cannot be asked; call again.
   */
  async release(): Promise<void> {
    await this.#giveBack(this.#own("release"));
  }

  /**
   * Lengthen the lock's time to live.
   *
   * @param additionalTime - Number, ms, more than 0: added to what is left.
   * @param options.replaceTtl - Whether to replace what is left instead.
   * @returns `true`.
   * @throws {@link LockNotOwnedError} when its time ran out.
   * @throws {@link LockError} when it was not taken, or has no `timeout`.
   */
  async extend(time: number, options: ExtendOptions = {}): Promise<true> {
    const whole = additionalTime(time);
    const { replaceTtl: given = false } = onlyKnown(options, ["replaceTtl"]);
    const replaceTtl = boolean("replaceTtl", given);
    const held = this.#renewable("extend");
    const begun = performance.now();
    const left = replaceTtl ? 0 : Math.max(held.validUntil - begun, 0);
    const ours = await this.#ask(EXTEND, held, [whole, replaceTtl ? 1 : 0], this.#client);
    if (!ours) throw notOwned("extend");
    held.validUntil = begun + left + whole;
    return true;
  }

  /**
   * Set the lock's time to live to its `timeout` again.
   *
   * @returns `true`.
   * @throws {@link LockNotOwnedError} when its time ran out.
   * @throws {@link LockError} when it was not taken, or has no `timeout`.
   */
  async reacquire(): Promise<true> {
    const held = this.#renewable("reacquire");
    const { timeout } = this.#settings;
    const begun = performance.now();
    if (!(await this.#ask(REACQUIRE, held, [timeout], this.#client))) throw notOwned("reacquire");
    held.validUntil = validFrom(begun, timeout);
    return true;
  }

  /** Ask whether anybody has the lock. */
  async locked(): Promise<boolean> {
    return Number(await this.#client.exists(this.name)) !== 0;
  }

  /** Ask whether we have the lock. */
  async owned(): Promise<boolean> {
    const token = this.#held?.token;
    if (token === undefined) return false;
    const value = await this.#client.get(this.name);
    return value !== null && token.equals(Buffer.from(value as string));
  }

  /** Release the lock if it was taken; see {@link release} for what may be thrown. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#held !== undefined) await this.release();
    await Promise.all(this.#cleanups);
  }

  [inspect.custom](): string {
    return `${this.constructor.name}<${this.#held === undefined ? "not held" : "held"}>`;
  }

  #bytesOf(token: string | Uint8Array): Buffer {
    const encoding = this.#client.connectionPool?.settings.encoding ?? "utf8";
    return toBytes('argument "token"', token, encoding);
  }

  #isSameKey(one: Key, other: Key): boolean {
    const { encoding = "utf8" } = this.#client.connectionPool?.settings ?? {};
    const bytes = (key: Key): Uint8Array =>
      key instanceof Uint8Array ? key : Buffer.from(String(key), encoding);
    return Buffer.compare(bytes(one), bytes(other)) === 0;
  }

  #remember(cleanup: Promise<void> | undefined): void {
    if (cleanup === undefined) return;
    this.#cleanups.add(cleanup);
    void cleanup.finally(() => this.#cleanups.delete(cleanup));
  }

  #own(action: string): HeldLock {
    if (this.#held === undefined) throw refused(`Cannot ${action} an unlocked lock`);
    return this.#held;
  }

  #renewable(action: string): HeldLock {
    const held = this.#own(action);
    if (this.#settings.timeout === 0) throw refused(`Cannot ${action} a lock with no timeout`);
    return held;
  }

  /** Unlike `reacquire()` it leaves the lock what `extend()` gave it. */
  async #renew(held: HeldLock): Promise<void> {
    const { timeout } = this.#settings;
    const begun = performance.now();
    if (!(await this.#ask(RENEW, held, [timeout]))) throw notOwned("reacquire");
    held.validUntil = Math.max(held.validUntil, validFrom(begun, timeout));
  }

  async #giveBack(held: HeldLock): Promise<void> {
    const inTime = performance.now() < held.validUntil;
    if (this.#held === held) this.#held = undefined;
    held.ended = true;
    let released: boolean;
    try {
      released = await this.#ask(RELEASE, held, []);
    } catch (error) {
      // Still ours as far as we know, to be released again unless it was taken again meanwhile.
      held.ended = false;
      this.#held ??= held;
      if (mayHaveRun(error)) held.releasedInTime ??= inTime;
      throw error;
    }
    // An earlier release whose reply was lost is why it is gone.
    if (!released && held.releasedInTime !== true) throw notOwned("release");
  }

  async #ask(
    script: typeof RELEASE,
    held: HeldLock,
    args: readonly number[],
    client = this.#steady,
  ): Promise<boolean> {
    const operands = { keys: [this.name], args: [held.token, ...args] };
    return Number(await script.run(client, operands)) === 1;
  }

  /** Release without a word: there is a weightier error to tell. The lock frees itself otherwise. */
  async #giveBackQuietly(held: HeldLock): Promise<void> {
    if (held.ended) return;
    try {
      await this.#giveBack(held);
    } catch {
      if (this.#held === held) this.#held = undefined;
    }
  }
}
