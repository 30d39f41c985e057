/**
 * Pipelines: commands are checked when they are added, sent together by `exec`, and their values returned
 * as one typed tuple. A watched pipeline sends commands immediately until its `multi()` creates the
 * pipeline for the transaction. Nothing here is thenable: awaiting a pipeline by mistake returns it.
 */
import { inspect } from "node:util";
import { flattened } from "../commands/core/arg-values.js";
import type { CommandSurface, Reply } from "../commands/core/command-surface.js";
import {
  type Arg,
  CLOSES,
  type CommandInfo,
  type Decoder,
  type Key,
  READONLY,
  SESSION,
} from "../commands/core/info.js";
import type { Many } from "../commands/core/types.js";
import { Commands } from "../commands/generated/commands.js";
import { type DataError, RedisError } from "../errors.js";
import { decoderFor, replyModeOf } from "../execution/command-request.js";
import { execute, trackSelectedDatabase } from "../execution/execute.js";
import type { Preloadable } from "../execution/preload.js";
import type { PromiseSurface } from "../execution/reply-types.js";
import { resolveCommand } from "../execution/resolve-command.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import { SELF } from "../util/self.js";
import { boolean, checkArity, onlyKnown } from "../util/validate.js";
import type { BatchEntry } from "./batch-request.js";
import type { BatchSender } from "./batch-sender.js";
import type { PipelineDependencies } from "./dependencies.js";
import type { ExecOptions, PipelineOptions, Settled } from "./options.js";
import { refuseInPipeline } from "./refused-commands.js";
import { throwFirstError } from "./send-batch.js";
import { WatchSession } from "./watch-session.js";

/** Command surface of a pipeline: each method returns the pipeline, its tuple extended by one value. */
export interface PipelineSurface<
  R extends readonly unknown[],
  T extends string | Buffer,
  I extends number | bigint,
> extends CommandSurface {
  readonly text: T;
  readonly int: I;
  readonly reply: Pipeline<[...R, this["value"]], T, I>;
}

/** Buffers commands and sends them together. Created by `redis.pipeline()`. */
export class Pipeline<
  R extends readonly unknown[] = [],
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends Commands<PipelineSurface<R, T, I>> {
  /** @internal */ static override readonly name: string = "Pipeline";
  readonly #dependencies: PipelineDependencies;
  readonly #transaction: boolean;
  readonly #sender: BatchSender;
  #entries: BatchEntry[] = [];
  /** Values that need no server, by their index in the result. */
  #localValues = new Map<number, unknown>();
  /** What the server must have before the commands are sent, by id. */
  #needed = new Map<string, Preloadable>();
  #onSuccess: Map<number, () => void> | undefined = undefined;

  /** Only `redis.pipeline()` creates pipelines. */
  constructor(...created: never);
  /** @internal */
  constructor(dependencies: PipelineDependencies, options?: PipelineOptions);
  constructor(dependencies: PipelineDependencies, options: PipelineOptions = {}) {
    super();
    const { senders, sender } = dependencies;
    const { transaction = senders.transaction } = onlyKnown(options, ["transaction"]);
    this.#dependencies = dependencies;
    this.#transaction = boolean("transaction", transaction);
    this.#sender = sender ?? senders.create(this.#transaction);
  }

  /** Number of buffered commands. */
  get length(): number {
    return this[SELF].#entries.length + this[SELF].#localValues.size;
  }

  /**
   * Send all buffered commands and return their values.
   *
   * @param options.raiseOnError - Boolean, default `true`; `false` returns errors in their places.
   * @returns The values in the order of the commands. Afterwards the pipeline is empty and usable.
   * @throws {@link DataError} for an invalid option; the buffered commands are kept.
   * @throws {@link ResponseError} The first error reply, with number and name of the command.
   * @throws {@link ExecAbortError} or the error of the command for which the server refused EXEC.
   * @throws {@link WatchError} when a watched key was changed.
   * @throws {@link ConnectionError} when the connection is lost; see its `outcome`.
   * @see {@link https://redis.io/docs/latest/commands/exec/ | EXEC}
   */
  exec(options?: ExecOptions & { readonly raiseOnError?: true }): Promise<R>;
  exec(options: ExecOptions & { readonly raiseOnError: false }): Promise<Settled<R>>;
  exec(options: ExecOptions): Promise<R | Settled<R>>;
  async exec(options: ExecOptions = {}): Promise<R | Settled<R>> {
    checkArity("exec", 1, arguments);
    const self = this[SELF];
    const { raiseOnError = true } = onlyKnown(options, ["raiseOnError"]);
    const { session, senders } = self.#dependencies;
    const thrown = boolean("raiseOnError", raiseOnError) ? RedisError : senders.alwaysThrown;
    const sender = self.#sender;
    const entries = self.#entries;
    const localValues = self.#localValues;
    const needed = self.#needed;
    const onSuccess = self.#onSuccess;
    const batch = { entries, onSuccess, wire: sender.take(), transaction: self.#transaction };
    this.reset();
    const send = (): Promise<unknown[]> => sender.send(self.#dependencies, batch, needed);
    // An empty transaction is sent too when keys are watched: EXEC reports whether one was changed.
    const isEmpty = entries.length === 0 && session === undefined;
    const values = isEmpty ? [] : await (session === undefined ? send() : session.finish(send));
    for (const [index, value] of localValues) values.splice(index, 0, value);
    throwFirstError(values, { entries, localValues, thrown });
    return values as unknown as R;
  }

  /** Alias of {@link exec}, as in redis-py. */
  execute(options?: ExecOptions & { readonly raiseOnError?: true }): Promise<R>;
  execute(options: ExecOptions & { readonly raiseOnError: false }): Promise<Settled<R>>;
  execute(options: ExecOptions): Promise<R | Settled<R>>;
  execute(...options: [options?: ExecOptions]): Promise<R | Settled<R>> {
    return this.exec(...(options as [ExecOptions]));
  }

  /**
   * Buffer any command, including commands this library does not know.
   *
   * @param name - String: command name, optionally with its subcommand (`"CONFIG GET"`).
   * @param args - Arguments. If the command has a response callback, a plain object at the end is passed
   * to it as options.
   * @returns The pipeline, its tuple extended by the command's value.
   * @throws {@link DataError} for invalid arguments, and for commands that cannot run in a pipeline.
   */
  executeCommand<V = unknown>(
    name: string,
    ...args: readonly unknown[]
  ): Pipeline<[...R, V], T, I> {
    const { call } = this[SELF].#dependencies;
    const command = resolveCommand(name, args, call.callbacks);
    const decode = decoderFor(command.info, command.decode, call, command.options);
    this[SELF].#buffer(command.info, command.args, decode);
    return this as unknown as Pipeline<[...R, V], T, I>;
  }

  /**
   * Watch keys on a dedicated connection, for a transaction that runs only if none of them is changed.
   *
   * @param keys - Keys, each an argument or in an array or a Set; more can be watched later.
   * @returns A watched pipeline: it sends commands immediately; its `multi()` begins the transaction.
   * @throws {@link RedisError} when commands are buffered or a transaction has begun.
   * @throws {@link ConnectionError} when no connection is available.
   * @see {@link https://redis.io/docs/latest/commands/watch/ | WATCH}
   */
  async watch(...keys: readonly Many<Key>[]): Promise<WatchedPipeline<T, I>> {
    const { call, leaseProvider, senders } = this[SELF].#dependencies;
    const details = { code: "EMULTI", command: "WATCH", outcome: "not-sent" } as const;
    if (leaseProvider === undefined) {
      throw new RedisError("Cannot issue a WATCH after a MULTI", details);
    }
    if (this.length !== 0) {
      throw new RedisError("Cannot issue a WATCH after commands have been buffered", details);
    }
    const session = await WatchSession.open({ leaseProvider, call, senders }, flattened(keys));
    return new WatchedPipeline(session, this[SELF].#transaction);
  }

  /** @internal Load a script or library, if it is missing, before the commands are sent. */
  preload(source: Preloadable): void {
    this[SELF].#needed.set(source.id, source);
  }

  /** Discard all buffered commands. */
  reset(): void {
    checkArity("reset", 0, arguments, "promises");
    const self = this[SELF];
    self.#sender.take();
    self.#entries = [];
    self.#localValues = new Map();
    self.#needed = new Map();
    self.#onSuccess = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reset();
  }

  /** @internal */
  protected override run<V>(info: CommandInfo, args: readonly Arg[], decode?: Decoder | null) {
    this[SELF].#buffer(info, args, decoderFor(info, decode, this[SELF].#dependencies.call));
    return this as unknown as Reply<PipelineSurface<R, T, I>, V>;
  }

  /** @internal */
  protected override reject(_info: CommandInfo, error: DataError): never {
    throw error;
  }

  /** @internal */
  protected override resolve<V>(_info: CommandInfo, value: V) {
    this[SELF].#localValues.set(this.length, value);
    return this as unknown as Reply<PipelineSurface<R, T, I>, V>;
  }

  #buffer(info: CommandInfo, args: readonly Arg[], decode: Decoder | undefined): void {
    const { call, executor } = this.#dependencies;
    const { flags, instead } = info;
    const mutatesSession = (flags & (SESSION | CLOSES)) !== 0;
    if (mutatesSession && (instead !== undefined || !executor.exclusive)) {
      throw refuseInPipeline(info);
    }
    this.#sender.add(info, args);
    const hook = mutatesSession ? trackSelectedDatabase(executor, info, args) : undefined;
    if (hook !== undefined) {
      this.#onSuccess ??= new Map();
      this.#onSuccess.set(this.#entries.length, hook);
    }
    this.#entries.push({ info, args, decode, mode: replyModeOf(info, call) });
  }

  [inspect.custom](): string {
    return `Pipeline<${this.length} commands${this[SELF].#transaction ? ", transaction" : ""}>`;
  }
}

/**
 * A pipeline that watches keys on a dedicated connection and sends its commands immediately. Created by
 * `pipeline().watch(…)`. Call `multi()` to begin the transaction; `reset()`, or the end of an
 * `await using` block, ends the watch without one.
 */
export class WatchedPipeline<
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends Commands<PromiseSurface<T, I>> {
  readonly #session: WatchSession;
  readonly #execSendsTransaction: boolean;
  readonly #reportsMisuse: boolean;
  #transaction: Pipeline<[], T, I> | undefined = undefined;

  /**
   * @internal
   * @param execSendsTransaction - Whether `exec()` sends MULTI and EXEC when `multi()` was not called.
   * @param reportsMisuse - Whether the creator reports the session's `misuse`.
   */
  constructor(session: WatchSession, execSendsTransaction: boolean, reportsMisuse = false) {
    super();
    this.#session = session;
    this.#execSendsTransaction = execSendsTransaction;
    this.#reportsMisuse = reportsMisuse;
  }

  /**
   * Watch more keys.
   *
   * @param keys - At least one key; as for {@link Pipeline.watch}.
   * @returns `true`.
   * @throws {@link RedisError} after `multi()`, or when the watch has ended.
   * @throws {@link WatchError} when the connection is lost while keys are watched.
   * @see {@link https://redis.io/docs/latest/commands/watch/ | WATCH}
   */
  async watch(...keys: readonly Many<Key>[]): Promise<true> {
    await this[SELF].#session.watch(flattened(keys));
    return true;
  }

  /**
   * Forget all watched keys and keep the connection.
   *
   * @returns `true`.
   * @throws {@link RedisError} after `multi()`: a transaction cannot lose its watch.
   * @see {@link https://redis.io/docs/latest/commands/unwatch/ | UNWATCH}
   */
  async unwatch(): Promise<true> {
    checkArity("unwatch", 0, arguments);
    await this[SELF].#session.unwatch();
    return true;
  }

  /**
   * Begin the transaction: commands are buffered on the returned pipeline from here on.
   *
   * @returns A pipeline on the watching connection. Its `exec()` rejects with a {@link WatchError} when a
   * watched key was changed, and always releases the connection.
   * @throws {@link RedisError} at a second call, or when the watch has ended.
   * @see {@link https://redis.io/docs/latest/commands/multi/ | MULTI}
   */
  multi(): Pipeline<[], T, I> {
    checkArity("multi", 0, arguments, "the promise of exec()");
    const self = this[SELF];
    const session = self.#session;
    session.beginTransaction();
    const { call, senders, sender } = session;
    const dependencies = { executor: session, call, senders, sender, session };
    self.#transaction = new Pipeline(dependencies, { transaction: true });
    return self.#transaction;
  }

  /** The pipeline that `multi()` returned, until it is executed or the watch is reset. */
  get transaction(): Pipeline<[], T, I> | undefined {
    return this[SELF].#session.closed ? undefined : this[SELF].#transaction;
  }

  /** Whether the watch has ended: the transaction was executed, or `reset()` was called. */
  get closed(): boolean {
    return this[SELF].#session.closed;
  }

  /**
   * Execute the transaction; without `multi()` an empty one, to find out whether a watched key was
   * changed. Watched by a pipeline with `{ transaction: false }`, it only ends the watch then.
   *
   * @returns An empty array.
   * @throws {@link WatchError} when a watched key was changed or the connection was lost.
   */
  async exec(): Promise<[]> {
    checkArity("exec", 0, arguments);
    const self = this[SELF];
    self.#session.checkOpen("EXEC");
    const transaction = self.#transaction;
    if (transaction === undefined && !self.#execSendsTransaction) await this.reset();
    else await (transaction ?? this.multi()).exec();
    return [];
  }

  /** End the watch and release the connection. */
  async reset(): Promise<void> {
    checkArity("reset", 0, arguments);
    await this[SELF].#session.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reset();
  }

  /**
   * Execute any command on the watching connection, including commands this library does not know.
   *
   * @param name - String: command name, optionally with its subcommand (`"CONFIG GET"`).
   * @param args - Arguments. If the command has a response callback, a plain object at the end is passed
   * to it as options.
   * @throws {@link WatchError} when the connection is lost.
   */
  executeCommand<V = unknown>(name: string, ...args: readonly unknown[]): Promise<V> {
    const self = this[SELF];
    try {
      const { call } = self.#session;
      const command = resolveCommand(name, args, call.callbacks);
      const decode = decoderFor(command.info, command.decode, call, command.options);
      return self.#handled(self.#execute(command.info, command.args, decode));
    } catch (error) {
      return rejectWithCallerStack(error);
    }
  }

  /** @internal */
  protected override run<V>(info: CommandInfo, args: readonly Arg[], decode?: Decoder | null) {
    const self = this[SELF];
    const decoder = decoderFor(info, decode, self.#session.call);
    return self.#handled(self.#execute<V>(info, args, decoder));
  }

  /** @internal */
  protected override reject<V>(_info: CommandInfo, error: DataError): Promise<V> {
    return rejectWithCallerStack(error);
  }

  /** @internal */
  protected override resolve<V>(info: CommandInfo, value: V): Promise<V> {
    return this[SELF].#handled(this[SELF].#resolveLocally(info, value));
  }

  /** Prevent an unhandled rejection after `multi()`: the creator of this object reports the error. */
  #handled<V>(result: Promise<V>): Promise<V> {
    if (this.#reportsMisuse && this.#transaction !== undefined) result.catch(() => {});
    return result;
  }

  async #resolveLocally<V>(info: CommandInfo, value: V): Promise<V> {
    this.#session.checkImmediate(info.name);
    this.#session.checkAlive(info.name);
    return value;
  }

  async #execute<V>(info: CommandInfo, args: readonly Arg[], decode?: Decoder): Promise<V> {
    const session = this.#session;
    session.checkCommand(info, args);
    try {
      const context = { executor: session, call: session.call };
      return (await execute(context, { info, args, decode })) as V;
    } catch (error) {
      throw session.toWatchError(error, (info.flags & READONLY) !== 0);
    }
  }

  [inspect.custom](): string {
    return `WatchedPipeline<${this[SELF].#session.watching ? "watching" : "not watching"}>`;
  }
}
