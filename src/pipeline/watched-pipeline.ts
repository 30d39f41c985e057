/**
 * Owns WATCH: one connection pinned from the first watched key to EXEC. Commands run at once until
 * `multi()`, then they are buffered in a pipeline bound to the same connection. Watching is tied to
 * that one socket: when it is lost, the watch is lost with it, which is a WatchError in every phase.
 */
import { inspect } from "node:util";
import type { CommandSurface } from "../commands/core/command-surface.js";
import { type Arg, CommandInfo, type Decoder, type Key, READONLY } from "../commands/core/info.js";
import { Commands } from "../commands/generated/commands.js";
import { InternalRequest, internalCommand } from "../connection/internal-request.js";
import type { Request } from "../connection/request.js";
import { ConnectionError, DataError, RedisError, TimeoutError, WatchError } from "../errors.js";
import type { CallSettings } from "../execution/call-settings.js";
import { decoderFor } from "../execution/command-request.js";
import { execute } from "../execution/execute.js";
import type { Executor } from "../execution/executor.js";
import { resolveCommand } from "../execution/resolve-command.js";
import type { Lease, LeaseProvider } from "../pool/lease.js";
import { Encoder } from "../protocol/encoder.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";

/** A watching pipeline as a host of commands: each method gives a promise. */
export interface WatchHost<T extends string | Buffer, I extends number | bigint>
  extends CommandSurface {
  readonly text: T;
  readonly int: I;
  readonly reply: Promise<this["value"]>;
}

/** Sends a transaction, with what has to happen around it. */
export type Within = <V>(send: () => Promise<V>) => Promise<V>;

/** What a watch is made of; `P` is the pipeline it goes on to. */
export interface WatchParts<P> {
  readonly leaser: LeaseProvider;
  readonly call: CallSettings;
  /** Whether `exec()` sends a transaction also when `multi()` was not called. */
  readonly transaction: boolean;
  /** Make the pipeline that is bound to the watching connection. */
  pipeline(parts: { executor: Executor; call: CallSettings; encoder: Encoder; within: Within }): P;
}

/** As much of a pipeline as watching needs. */
export interface Executable {
  exec(): Promise<readonly unknown[]>;
}

/** For the checks of arguments. */
const WATCH = new CommandInfo("WATCH", { params: ["keys..."] });

const LOST = "A ConnectionError occurred on while watching one or more keys";

/** Loss of the watching connection, as the caller of any command on it gets it. */
function asWatchError(error: unknown, harmless: boolean): unknown {
  // A connection whose reply is overdue is given up as well.
  if (!(error instanceof ConnectionError || error instanceof TimeoutError)) return error;
  // What the server itself said (LOADING) has no outcome: the connection, and the watch, are still there.
  if (error.outcome === undefined) return error;
  const { command, server } = error;
  // What cannot have changed anything may be tried again, wherever it was lost.
  const outcome = harmless ? "not-sent" : error.outcome;
  return new WatchError(LOST, { code: "EWATCH", command, server, outcome, cause: error });
}

/**
 * Lease a connection for as long as the call may take; one that comes later is given back. What goes
 * wrong shows the caller's frames.
 */
function leaseFrom(leaser: LeaseProvider, { cancellation: scope }: CallSettings): Promise<Lease> {
  return new Promise((resolve) => {
    const failed = (error: unknown): void => {
      scope?.delete(wait);
      resolve(rejectWithCallerStack(error));
    };
    // Stands for the waiting; it is never written.
    const wait = new InternalRequest([internalCommand("WATCH")], 0, { done: () => {}, failed });
    if (scope !== undefined && !scope.add(wait)) return;
    const came = (lease: Lease): void => {
      scope?.delete(wait);
      if (wait.settled) lease.release();
      else resolve(lease);
    };
    // A failure after the end of the wait is nobody's any more: as a rejection it would end the process.
    leaser.lease().then(came, (error) => (wait.settled ? undefined : failed(error)));
  });
}

/** Runs requests on one lease, which belongs to whoever watches. */
class LeaseExecutor implements Executor {
  /** Commands that change the connection otherwise have no business here. */
  readonly exclusive = false;
  readonly #lease: Lease;

  constructor(lease: Lease) {
    this.#lease = lease;
  }

  execute(request: Request): void {
    this.#lease.send(request);
  }

  executeExclusively(request: Request): void {
    this.#lease.send(request);
  }
}

/**
 * Watches keys on a connection of its own; commands run at once. Made by `pipeline().watch(…)`.
 * `multi()` goes on to the transaction; `reset()`, or the end of an `await using` block, gives up.
 */
export class PipelineWatch<
  P extends Executable,
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends Commands<WatchHost<T, I>> {
  readonly #parts: WatchParts<P>;
  readonly #lease: Lease;
  readonly #executor: LeaseExecutor;
  #watching = false;
  #transaction: P | undefined = undefined;
  /** @internal Told of commands that came after `multi()`, whose callers may not wait for them. */
  onMisuse: ((error: RedisError) => void) | undefined = undefined;
  /** Whether the connection has been given back, or is about to be. */
  #over = false;

  private constructor(parts: WatchParts<P>, lease: Lease) {
    super();
    this.#parts = parts;
    this.#lease = lease;
    this.#executor = new LeaseExecutor(lease);
  }

  /** @internal */
  static async begin<P extends Executable, T extends string | Buffer, I extends number | bigint>(
    parts: WatchParts<P>,
    keys: readonly Key[],
  ): Promise<PipelineWatch<P, T, I>> {
    const encoder = new Encoder(parts.leaser.settings);
    encoder.check(WATCH, keys);
    const watch = new PipelineWatch<P, T, I>(parts, await leaseFrom(parts.leaser, parts.call));
    try {
      if (keys.length !== 0) await watch.watch(...keys);
      return watch;
    } catch (error) {
      await watch.reset();
      throw error;
    }
  }

  /**
   * Watch more keys.
   *
   * @param keys - At least one.
   * @returns `true`.
   * @throws {@link WatchError} when the connection is lost while keys are watched already.
   * @see {@link https://redis.io/docs/latest/commands/watch/ | WATCH}
   */
  async watch(...keys: readonly Key[]): Promise<true> {
    this.#checkOpen("WATCH");
    this.#checkNotInMulti("Cannot issue a WATCH after a MULTI");
    new Encoder(this.#parts.leaser.settings).check(WATCH, keys);
    if (keys.length === 0) throw new DataError("WATCH: at least one key is needed");
    // Until EXEC or UNWATCH is answered the connection must not serve anybody else.
    this.#lease.connection.watchStarted();
    await this.#own(internalCommand("WATCH", ...keys));
    this.#watching = true;
    return true;
  }

  /**
   * Forget all watched keys; the connection is kept. Not after `multi()`: a transaction never loses
   * its guard.
   *
   * @returns `true`.
   * @see {@link https://redis.io/docs/latest/commands/unwatch/ | UNWATCH}
   */
  async unwatch(): Promise<true> {
    this.#checkOpen("UNWATCH");
    this.#checkNotInMulti("Cannot issue an UNWATCH after a MULTI; reset() gives up");
    if (this.#watching) await this.#unwatch();
    return true;
  }

  /**
   * Go on to the transaction: from here on commands are buffered.
   *
   * @returns A pipeline bound to the watching connection. Its `exec()` rejects with a
   * {@link WatchError} when a watched key was changed, and gives the connection back in any case.
   */
  multi(): P {
    this.#checkOpen("MULTI");
    this.#checkNotInMulti("Cannot issue nested calls to MULTI");
    const { call, leaser } = this.#parts;
    this.#transaction = this.#parts.pipeline({
      executor: this.#executor,
      call,
      encoder: new Encoder(leaser.settings),
      within: (send) => this.#finish(send),
    });
    return this.#transaction;
  }

  /** The pipeline `multi()` made, if it was called. */
  get transaction(): P | undefined {
    return this.#transaction;
  }

  /** Whether it is of no further use: executed, or given up by `reset()`. */
  get closed(): boolean {
    return this.#over;
  }

  /**
   * Find out whether a watched key was changed, without a transaction of one's own. Begun by a
   * pipeline without transaction it gives up watching, and finds out nothing.
   *
   * @returns An empty list when none was.
   * @throws {@link WatchError} when one was, or the connection was lost.
   */
  async exec(): Promise<[]> {
    this.#checkOpen("EXEC");
    const transaction = this.#transaction;
    if (transaction === undefined && !this.#parts.transaction) await this.reset();
    else await (transaction ?? this.multi()).exec();
    return [];
  }

  /** Give up watching, and give the connection back. */
  async reset(): Promise<void> {
    // At once: what is asked for from here on would run without the watch.
    this.#over = true;
    try {
      if (this.#watching && this.#lease.alive) await this.#unwatch();
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
    } finally {
      this.#giveBack();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reset();
  }

  /**
   * Run any command on the watching connection, also one this library does not know.
   *
   * @param name - Command name; several words may stand in it.
   * @param args - Arguments. Where a response callback is set for the command, a plain object at
   * the end goes to it.
   * @throws {@link WatchError} when the connection is lost.
   */
  executeCommand<V = unknown>(name: string, ...args: readonly unknown[]): Promise<V> {
    try {
      const { call } = this.#parts;
      const { info, args: words, ...of } = resolveCommand(name, args, call.callbacks);
      return this.#run(info, words, decoderFor(info, of.decode, call, of.options));
    } catch (error) {
      return rejectWithCallerStack(error);
    }
  }

  protected override run<V>(
    info: CommandInfo,
    args: readonly Arg[],
    decode?: Decoder | null,
  ): Promise<V> {
    return this.#run(info, args, decoderFor(info, decode, this.#parts.call));
  }

  protected override reject<V>(_info: CommandInfo, error: DataError): Promise<V> {
    return rejectWithCallerStack(error);
  }

  /** What needs no server is subject to the same rules. */
  protected override resolve<V>(info: CommandInfo, value: V): Promise<V> {
    return this.#noted(this.#answer(info, value));
  }

  async #answer<V>(info: CommandInfo, value: V): Promise<V> {
    this.#checkRunning(info);
    if (this.#lease.alive) return value;
    const details = { code: "ECONNCLOSED", command: info.name, outcome: "not-sent" } as const;
    throw this.#lossOf(new ConnectionError("The connection was lost", details), true);
  }

  #run<V>(info: CommandInfo, args: readonly Arg[], decode: Decoder | undefined): Promise<V> {
    return this.#noted(this.#runNow(info, args, decode));
  }

  /** The error of what comes too late is told to `onMisuse`: unheard, it must not end the process. */
  #noted<V>(result: Promise<V>): Promise<V> {
    if (this.onMisuse !== undefined && this.#transaction !== undefined) result.catch(() => {});
    return result;
  }

  async #runNow<V>(
    info: CommandInfo,
    args: readonly Arg[],
    decode: Decoder | undefined,
  ): Promise<V> {
    this.#checkRunning(info);
    const parts = { executor: this.#executor, call: this.#parts.call };
    try {
      return (await execute(parts, { info, args, decode })) as V;
    } catch (error) {
      throw this.#lossOf(error, (info.flags & READONLY) !== 0);
    }
  }

  async #unwatch(): Promise<void> {
    await this.#own(internalCommand("UNWATCH"));
    this.#watching = false;
    this.#lease.connection.watchEnded();
  }

  async #own(command: ReturnType<typeof internalCommand>): Promise<void> {
    try {
      const reply = await this.#exchange(command);
      if (reply instanceof RedisError) throw reply;
    } catch (error) {
      throw this.#lossOf(error, true);
    }
  }

  /** A command of the watch's own, under the call's settings as any other. */
  #exchange(command: ReturnType<typeof internalCommand>): Promise<unknown> {
    const { replyTimeout, cancellation: scope } = this.#parts.call;
    return new Promise((resolve, reject) => {
      const end = <V>(settle: (value: V) => void) => {
        return (value: V): void => {
          scope?.delete(request);
          settle(value);
        };
      };
      const done = end((replies: unknown[]) => resolve(replies[0]));
      const request = new InternalRequest([command], replyTimeout, { done, failed: end(reject) });
      if (scope === undefined || scope.add(request)) this.#lease.send(request);
    });
  }

  async #finish<V>(send: () => Promise<V>): Promise<V> {
    this.#checkOpen("EXEC");
    this.#over = true;
    try {
      const value = await send();
      this.#lease.connection.watchEnded();
      return value;
    } catch (error) {
      // EXEC was answered, so the server watches nothing any more.
      if (error instanceof WatchError) this.#lease.connection.watchEnded();
      throw this.#lossOf(error, false);
    } finally {
      this.#giveBack();
    }
  }

  /** Without a watched key there is nothing but the connection to lose. */
  #lossOf(error: unknown, harmless: boolean): unknown {
    // The call's own time was up, or the server has refused the command (LOADING): the watch goes on.
    if (this.#lease.alive) return error;
    return this.#watching ? asWatchError(error, harmless) : error;
  }

  #giveBack(): void {
    this.#watching = false;
    this.#transaction = undefined;
    this.#over = true;
    this.#lease.release();
  }

  /** Refuse what would not run at once on the watching connection. */
  #checkRunning({ name }: CommandInfo): void {
    this.#checkOpen(name);
    if (this.#transaction === undefined) return;
    const message = `${name} came after multi(); call it on the pipeline multi() gave`;
    const details = { code: "EMULTI", command: name, outcome: "not-sent" } as const;
    const error = new RedisError(message, details);
    this.onMisuse?.(error);
    throw error;
  }

  #checkNotInMulti(message: string): void {
    if (this.#transaction !== undefined) throw new RedisError(message, { code: "EMULTI" });
  }

  #checkOpen(command: string): void {
    if (!this.#over) return;
    throw new RedisError(`${command} came after the end of the watch: it was executed or reset`, {
      code: "ECLOSED",
      command,
      outcome: "not-sent",
    });
  }

  [inspect.custom](): string {
    return `Watch<${this.#watching ? "watching" : "not watching"}>`;
  }
}
