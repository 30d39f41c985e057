/**
 * One acquisition of a lock, from the first attempt until the lock is held or the acquisition ends without it.
 * Every acquisition has a unique token. When the reply to an attempt is lost, the lock may have been taken:
 * later attempts check for the token, and an acquisition that ends without the lock deletes it.
 */
import type { Key } from "../commands/core/info.js";
import { AbortError, type RedisError } from "../errors.js";
import type { ScriptClient } from "../scripting/script.js";
import { sleep } from "../util/abort.js";
import { limitWait } from "../util/deadline-timer.js";
import { loopTime, realTime } from "../util/timers.js";
import { invalidCounter } from "./errors.js";
import type { AcquireClient } from "./lock-client.js";
import type { AcquireSettings } from "./options.js";
import { countReply, isOddReply, mayHaveRun, setReply } from "./replies.js";
import { RELEASE, TAKE } from "./scripts.js";

/** A lock that is held. */
export interface HeldLock {
  readonly token: Buffer;
  /** Moment (of `realTime()`) until which the key exists, unless another client deletes it. */
  validUntil: number;
  /** Value of the counter, with `fencingKey` only. */
  readonly fencingToken: number | undefined;
  /** Whether it is released, or its release is pending. */
  released: boolean;
  /** Set when the reply to a release was lost: whether the lock was valid when that release was sent. */
  releasedInTime: boolean | undefined;
}

/** Arguments of an acquisition. */
export interface AcquireRequest {
  readonly name: Key;
  readonly token: Buffer;
  readonly settings: AcquireSettings;
  readonly client: AcquireClient;
  /** Sends the commands that `client` may not send after its signal or timeout has ended its calls. */
  readonly cleanupClient: ScriptClient;
}

/** Share by which pauses vary, so that waiting clients do not retry at the same moment. */
const JITTER = 0.25;

function jittered(pause: number): number {
  return pause * (1 + JITTER * (2 * Math.random() - 1));
}

function aborted(signal: AbortSignal): AbortError {
  return new AbortError("Waiting for the lock was aborted", {
    code: "ABORT_ERR",
    cause: signal.reason,
  });
}

/** Return the moment at which a lock ends that was requested at the moment `begun`. */
export function validUntil(begun: number, timeout: number): number {
  return timeout === 0 ? Number.POSITIVE_INFINITY : begun + timeout;
}

/** Acquires a lock once. */
export class Acquisition {
  readonly #request: AcquireRequest;
  /** Whether the lock may have been taken by an attempt whose reply was lost. */
  #mayBeTaken = false;
  /** Whether the key, where another client holds the lock, was found to be a string. */
  #isChecked = false;
  /** The pending deletion of a lock that may have been taken. Never rejects. */
  cleanup: Promise<void> | undefined = undefined;

  constructor(request: AcquireRequest) {
    this.#request = request;
  }

  /**
   * Attempt until the lock is acquired or `blockingTimeout` has passed.
   *
   * @returns The lock, or `undefined` when it is held by another client.
   * @throws AbortError, or the error of an attempt.
   */
  async run(): Promise<HeldLock | undefined> {
    const { blocking, blockingTimeout, sleep: pause, signal } = this.#request.settings;
    const deadline = loopTime() + blockingTimeout;
    // Only its timers matter: they find out for how long the event loop was blocked.
    const stopTimer = limitWait(blockingTimeout, () => {});
    try {
      for (;;) {
        const held = await this.#abortableAttempt(signal);
        if (held !== undefined || !blocking) return held;
        const wait = jittered(pause);
        if (loopTime() + wait > deadline) return undefined;
        if (signal?.aborted !== true) await sleep(wait, signal);
      }
    } catch (error) {
      if (this.#mayBeTaken) this.#cleanUp();
      // The server replies, only not as expected: the error comes when the lock is free again.
      if (isOddReply(error)) await this.cleanup;
      throw error;
    } finally {
      stopTimer();
    }
  }

  /** Make one attempt; reject as soon as the signal is aborted. */
  #abortableAttempt(signal: AbortSignal | undefined): Promise<HeldLock | undefined> {
    if (signal === undefined) return this.#attempt();
    if (signal.aborted) return Promise.reject(aborted(signal));
    return new Promise((resolve, reject) => {
      const attempt = this.#attempt();
      const onAbort = (): void => {
        // The attempt cannot be cancelled; a lock that it takes is deleted.
        this.cleanup = attempt.then(
          (held) => (held === undefined ? undefined : this.#undo()),
          () => this.#undo(),
        );
        reject(aborted(signal));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      // In one step: an abort after the promise has settled would delete a lock that is held.
      const settle = <V>(callback: (value: V) => void) => {
        return (value: V): void => {
          signal.removeEventListener("abort", onAbort);
          callback(value);
        };
      };
      attempt.then(settle(resolve), settle(reject));
    });
  }

  async #attempt(): Promise<HeldLock | undefined> {
    const { token, settings } = this.#request;
    const begun = realTime();
    const taken = await this.#takeOrConfirm();
    if (taken === 0) return undefined;
    const end = validUntil(begun, settings.timeout);
    if (realTime() < end) {
      const fencingToken = settings.fencingKey === undefined ? undefined : taken;
      return { token, validUntil: end, fencingToken, released: false, releasedInTime: undefined };
    }
    // The reply came so late that another client may hold the lock by now.
    this.#mayBeTaken = true;
    await this.#undo();
    return undefined;
  }

  /** Take the lock; when the reply is lost, try again by the token, once. Returns 0 when it is not free. */
  async #takeOrConfirm(): Promise<number> {
    try {
      return await this.#take();
    } catch (error) {
      if (mayHaveRun(error)) this.#mayBeTaken = true;
      if (!this.#mayBeTaken || isOddReply(error)) throw error;
    }
    return await this.#take();
  }

  async #take(): Promise<number> {
    const { name, token, settings, client } = this.#request;
    const { timeout, fencingKey } = settings;
    if (!this.#mayBeTaken && fencingKey === undefined) {
      const expiry = timeout === 0 ? {} : { px: timeout };
      const taken = setReply(await client.set(name, token, { nx: true, ...expiry }));
      if (!taken) await this.#checkType();
      return taken ? 1 : 0;
    }
    const keys = fencingKey === undefined ? [name] : [name, fencingKey];
    const args = [token, timeout, this.#mayBeTaken ? 1 : 0];
    const count = countReply("EVALSHA", await TAKE.run(client, { keys, args }));
    if (count === -1) throw invalidCounter();
    return count;
  }

  /** Throw the server's error, once, when the key is not a string: it is not a lock and never becomes free. */
  async #checkType(): Promise<void> {
    if (this.#isChecked) return;
    this.#isChecked = true;
    try {
      await this.#request.client.get(this.#request.name);
    } catch (error) {
      if ((error as Partial<RedisError>).code === "WRONGTYPE") throw error;
    }
  }

  #cleanUp(): void {
    this.cleanup ??= this.#undo();
  }

  /** Delete the lock if it has our token. If that fails too, only its expiry frees it. */
  async #undo(): Promise<void> {
    const { name, token, cleanupClient } = this.#request;
    try {
      await RELEASE.run(cleanupClient, { keys: [name], args: [token] });
    } catch {
      // The caller has received the error that caused the deletion.
    }
  }
}
