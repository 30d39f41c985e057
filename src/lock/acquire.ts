/**
 * Owns one acquisition of a lock, from the first attempt to holding it or giving up. Every acquisition
 * has a token of its own. When the reply to an attempt is lost, nobody knows whether the lock was
 * taken: later attempts ask by the token, and whoever gives up deletes what may be there under it.
 */
import type { Key, Value } from "../commands/core/info.js";
import { AbortError, type RedisError } from "../errors.js";
import type { ScriptClient } from "../scripting/script.js";
import { sleep } from "../util/abort.js";
import type { AcquireSettings } from "./options.js";
import { RELEASE, TAKE } from "./scripts.js";

/** As much of a client as taking a lock needs. */
export interface AcquireClient extends ScriptClient {
  set(
    key: Key,
    value: Value,
    options: { readonly nx: true; readonly px?: number },
  ): Promise<unknown>;
}

/** The lock while it is ours. */
export interface HeldLock {
  readonly token: Buffer;
  /** Moment (of `performance.now()`) until which the server certainly keeps it, if nobody meddles. */
  validUntil: number;
  /** Value of the counter, if there is one. */
  readonly fencingToken: number | undefined;
  /** Whether it is being given back, or was. */
  ended: boolean;
  /** Of a release whose reply was lost: whether the lock was certainly ours when it was sent. */
  releasedInTime: boolean | undefined;
}

/** What an acquisition is about. */
export interface AcquireRequest {
  readonly name: Key;
  readonly token: Buffer;
  readonly settings: AcquireSettings;
  readonly client: AcquireClient;
  /** Sends what must be sent even when `client` has been told to stop. */
  readonly cleaner: ScriptClient;
}

/** Waiting times are spread so that those who wait do not all come at once. */
const JITTER = 0.25;

function jittered(time: number): number {
  return time * (1 + JITTER * (2 * Math.random() - 1));
}

function aborted(signal: AbortSignal): AbortError {
  return new AbortError("Waiting for the lock was aborted", {
    code: "ABORT_ERR",
    cause: signal.reason,
  });
}

/** Whether a command that failed may have been executed all the same. */
export function mayHaveRun(error: unknown): boolean {
  return error instanceof Error && (error as Partial<RedisError>).outcome === "unknown";
}

/** Moment until which a lock is kept that was asked for at `begun`. */
export function validFrom(begun: number, timeout: number): number {
  return timeout === 0 ? Number.POSITIVE_INFINITY : begun + timeout;
}

/** Takes a lock once. */
export class Acquisition {
  readonly #wanted: AcquireRequest;
  /** Whether the lock may have been taken without our knowing. */
  #doubtful = false;
  /** Deleting what may be there; never rejects. */
  cleanup: Promise<void> | undefined = undefined;

  constructor(wanted: AcquireRequest) {
    this.#wanted = wanted;
  }

  /**
   * Try until the lock is ours or the time is up.
   *
   * @returns The lock, or nothing when somebody else has it.
   * @throws AbortError, or the error of an attempt.
   */
  async run(): Promise<HeldLock | undefined> {
    const { blocking, blockingTimeout, sleep: pause, signal } = this.#wanted.settings;
    const stopAt = performance.now() + blockingTimeout;
    try {
      for (;;) {
        const held = await this.#unlessAborted(signal);
        if (held !== undefined || !blocking) return held;
        const wait = jittered(pause);
        if (performance.now() + wait > stopAt) return undefined;
        if (signal?.aborted !== true) await sleep(wait, signal);
      }
    } catch (error) {
      if (this.#doubtful) this.#cleanUp();
      throw error;
    }
  }

  /** One attempt, left alone as soon as nobody waits for it any more. */
  #unlessAborted(signal: AbortSignal | undefined): Promise<HeldLock | undefined> {
    if (signal === undefined) return this.#attempt();
    if (signal.aborted) return Promise.reject(aborted(signal));
    return new Promise((resolve, reject) => {
      const attempt = this.#attempt();
      const onAbort = (): void => {
        // The attempt goes on; whatever it brings is undone.
        this.cleanup = attempt.then(
          (held) => (held === undefined ? undefined : this.#undo()),
          () => this.#undo(),
        );
        reject(aborted(signal));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      // In one step: between settling and forgetting the signal an abort would undo what was told.
      const settle = <V>(tell: (value: V) => void) => {
        return (value: V): void => {
          signal.removeEventListener("abort", onAbort);
          tell(value);
        };
      };
      attempt.then(settle(resolve), settle(reject));
    });
  }

  async #attempt(): Promise<HeldLock | undefined> {
    const { token, settings } = this.#wanted;
    const begun = performance.now();
    const taken = await this.#takeForSure();
    if (taken === 0) return undefined;
    const validUntil = validFrom(begun, settings.timeout);
    if (performance.now() < validUntil) {
      const fencingToken = settings.fencingKey === undefined ? undefined : taken;
      return { token, validUntil, fencingToken, ended: false, releasedInTime: undefined };
    }
    // The reply came so late that the lock may have passed to somebody else already.
    this.#doubtful = true;
    await this.#undo();
    return undefined;
  }

  /** Take the lock; when the reply is lost, ask by the token, once. Gives 0 when others have it. */
  async #takeForSure(): Promise<number> {
    try {
      return await this.#take();
    } catch (error) {
      if (!mayHaveRun(error)) throw error;
      this.#doubtful = true;
    }
    return await this.#take();
  }

  async #take(): Promise<number> {
    const { name, token, settings, client } = this.#wanted;
    const { timeout, fencingKey } = settings;
    if (!this.#doubtful && fencingKey === undefined) {
      const expiry = timeout === 0 ? {} : { px: timeout };
      return (await client.set(name, token, { nx: true, ...expiry })) ? 1 : 0;
    }
    const keys = fencingKey === undefined ? [name] : [name, fencingKey];
    const args = [token, timeout, this.#doubtful ? 1 : 0];
    return Number(await TAKE.run(client, { keys, args }));
  }

  #cleanUp(): void {
    this.cleanup ??= this.#undo();
  }

  /** Delete the lock if it is under our token; when that fails too, only its own end frees it. */
  async #undo(): Promise<void> {
    const { name, token, cleaner } = this.#wanted;
    try {
      await RELEASE.run(cleaner, { keys: [name], args: [token] });
    } catch {
      // Whoever waits has been told the error that led here.
    }
  }
}
