/**
 * Owns the buffer of a pipeline: commands are checked when they are added, sent together by `exec`,
 * and their values come back as one typed tuple. Nothing is sent before `exec`, and a pipeline is
 * never thenable: awaiting it by mistake gives the pipeline.
 */

import { inspect } from "node:util";
import type { CommandSurface, Reply } from "../commands/core/command-surface.js";
import {
  type Arg,
  BLOCKING,
  CLOSES,
  type CommandInfo,
  type Decoder,
  type Key,
  SESSION,
} from "../commands/core/info.js";
import { Commands } from "../commands/generated/commands.js";
import type { RequestTraits } from "../connection/request.js";
import {
  ConnectionError,
  DataError,
  type DecodeError,
  RedisError,
  type ResponseError,
} from "../errors.js";
import type { CallSettings } from "../execution/call-settings.js";
import {
  decoderFor,
  refuseSessionCommand,
  replyModeOf,
  traitsOf,
} from "../execution/command-request.js";
import { execute, trackSelectedDatabase } from "../execution/execute.js";
import type { Executor } from "../execution/executor.js";
import { type Preloadable, preload } from "../execution/preload.js";
import { resolveCommand } from "../execution/resolve-command.js";
import { startTracedBatch } from "../execution/tracing.js";
import type { LeaseProvider } from "../pool/lease.js";
import type { Encoder } from "../protocol/encoder.js";
import { boolean, onlyKnown } from "../util/validate.js";
import {
  type BatchCommands,
  type BatchEntry,
  BatchRequest,
  nameFailedCommand,
  TransactionRequest,
} from "./batch-request.js";
import { PipelineWatch, type Within } from "./watched-pipeline.js";

const UNUSUAL = BLOCKING | SESSION | CLOSES;

const ITSELF =
  "a pipeline sends MULTI and EXEC itself, unless it is made with { transaction: false }";

/** What a pipeline has in place of a command that has no place in it. */
const IN_PLACE_OF: ReadonlyMap<string, string> = new Map([
  ["MULTI", ITSELF],
  ["EXEC", ITSELF],
  ["DISCARD", "its reset() forgets what was buffered"],
  ["WATCH", "call its watch() before anything else"],
  ["UNWATCH", "call unwatch() on what its watch() gave"],
  ["CLIENT REPLY", "every command waits for its reply"],
  // With the subcommand among the arguments.
  ["CLIENT", "every command waits for its reply"],
]);

function misplaced(info: CommandInfo): DataError {
  const { name: command } = info;
  // Other commands of CLIENT have no API in their place, and are for redis.client().
  const instead = info.instead === undefined ? undefined : IN_PLACE_OF.get(command);
  if (instead === undefined) return refuseSessionCommand(info);
  const details = { code: "ESHARED", command, outcome: "not-sent" } as const;
  return new DataError(`${command} has no place in a pipeline: ${instead}`, details);
}

/** Options of a pipeline. */
export interface PipelineOptions {
  /** Whether the commands run as one MULTI/EXEC transaction; default `true`. */
  readonly transaction?: boolean;
}

/** Options of {@link Pipeline.exec}. */
export interface ExecOptions {
  /**
   * Whether the first error among the replies rejects; default `true`. With `false` errors stay in
   * their places, but for those that are about the connection, such as LOADING.
   */
  readonly raiseOnError?: boolean;
}

/** The values of a pipeline, each possibly an error instead: the server's, or one of decoding. */
export type Settled<R extends readonly unknown[]> = {
  [K in keyof R]: R[K] | ResponseError | DecodeError;
};

/** A pipeline as a host of commands: each method gives the pipeline, grown by one value. */
export interface PipelineSurface<
  R extends readonly unknown[],
  T extends string | Buffer,
  I extends number | bigint,
> extends CommandSurface {
  readonly text: T;
  readonly int: I;
  readonly reply: Pipeline<[...R, this["value"]], T, I>;
}

/** What a pipeline is made of. */
export interface PipelineDependencies {
  readonly executor: Executor;
  readonly call: CallSettings;
  readonly encoder: Encoder;
  /** Where a connection for WATCH comes from; a pipeline that has one already needs none. */
  readonly leaser?: LeaseProvider;
  /** What has to happen around the sending of a transaction that watches. */
  readonly within?: Within;
}

/** A pipeline that watches: commands run at once until its `multi()`. */
export type WatchedPipeline<
  T extends string | Buffer = string,
  I extends number | bigint = number,
> = PipelineWatch<Pipeline<[], T, I>, T, I>;

/** Buffers commands and sends them together. Made by `redis.pipeline()`. */
export class Pipeline<
  R extends readonly unknown[] = [],
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends Commands<PipelineSurface<R, T, I>> {
  readonly #parts: PipelineDependencies;
  readonly #transaction: boolean;
  #entries: BatchEntry[] = [];
  /** Values that needed no server, by their place among the results. */
  #answers = new Map<number, unknown>();
  /** What the server must have before the commands are sent, by its name. */
  #needed = new Map<string, Preloadable>();

  constructor(parts: PipelineDependencies, options: PipelineOptions = {}) {
    super();
    const { transaction = true } = onlyKnown(options, ["transaction"]);
    this.#parts = parts;
    this.#transaction = boolean("transaction", transaction);
  }

  /** Number of buffered commands. */
  get length(): number {
    return this.#entries.length + this.#answers.size;
  }

  /**
   * Send everything buffered and collect the values.
   *
   * @param options.raiseOnError - `false` leaves errors in their places instead of rejecting.
   * @returns The values in the order of the commands; the pipeline is empty and usable afterwards.
   * @throws {@link DataError} for a bad option; what is buffered stays.
   * @throws {@link ResponseError} The first error, named by number and command.
   * @throws {@link ExecAbortError} or the error of the command that made the server refuse EXEC.
   * @throws {@link ConnectionError} when the connection is lost; `outcome` tells what is known.
   * @see {@link https://redis.io/docs/latest/commands/exec/ | EXEC}
   */
  exec(options?: ExecOptions & { readonly raiseOnError?: true }): Promise<R>;
  exec(options: ExecOptions & { readonly raiseOnError: false }): Promise<Settled<R>>;
  exec(options: ExecOptions): Promise<R | Settled<R>>;
  async exec(options: ExecOptions = {}): Promise<R | Settled<R>> {
    const { raiseOnError = true } = onlyKnown(options, ["raiseOnError"]);
    const raised = boolean("raiseOnError", raiseOnError) ? RedisError : ConnectionError;
    const entries = this.#entries;
    const answers = this.#answers;
    const needed = this.#needed;
    const wire = this.#parts.encoder.take();
    this.reset();
    const { within } = this.#parts;
    const send = (): Promise<unknown[]> =>
      needed.size === 0
        ? this.#send({ entries, wire }, this.#parts.call)
        : this.#sendAfter([...needed.values()], { entries, wire });
    // With WATCH even an empty transaction has something to find out.
    const nothing = entries.length === 0 && within === undefined;
    const values = nothing ? [] : await (within === undefined ? send() : within(send));
    for (const [index, value] of answers) values.splice(index, 0, value);
    raiseFirst(values, { entries, answers, raised });
    return values as unknown as R;
  }

  /** redis-py's name of {@link exec}. */
  execute(options?: ExecOptions & { readonly raiseOnError?: true }): Promise<R>;
  execute(options: ExecOptions & { readonly raiseOnError: false }): Promise<Settled<R>>;
  execute(options: ExecOptions): Promise<R | Settled<R>>;
  execute(options: ExecOptions = {}): Promise<R | Settled<R>> {
    return this.exec(options);
  }

  /**
   * Buffer any command, also one this library does not know.
   *
   * @param name - Command name; several words may stand in it (`"CONFIG GET"`).
   * @param args - Arguments. Where a response callback is set for the command, a plain object at
   * the end goes to it.
   * @returns The pipeline, grown by the command's value.
   * @throws {@link DataError} for bad arguments and for commands that have no place in a pipeline.
   */
  executeCommand<V = unknown>(
    name: string,
    ...args: readonly unknown[]
  ): Pipeline<[...R, V], T, I> {
    const { call } = this.#parts;
    const { info, args: words, ...of } = resolveCommand(name, args, call.callbacks);
    this.#buffer(info, words, decoderFor(info, of.decode, call, of.options));
    return this as unknown as Pipeline<[...R, V], T, I>;
  }

  /**
   * Watch keys on a connection of its own.
   *
   * @param keys - The transaction will not run when one of them has been changed meanwhile.
   * @returns A watching pipeline: its commands run at once, its `multi()` begins the transaction.
   * @throws {@link RedisError} when commands are buffered already, or keys are watched already.
   * @see {@link https://redis.io/docs/latest/commands/watch/ | WATCH}
   */
  async watch(...keys: readonly Key[]): Promise<WatchedPipeline<T, I>> {
    const { call, leaser } = this.#parts;
    if (leaser === undefined)
      throw new RedisError("Cannot issue a WATCH after a MULTI", { code: "EMULTI" });
    if (this.length !== 0) {
      throw new RedisError("Cannot issue a WATCH after commands have been buffered", {
        code: "EMULTI",
      });
    }
    const transaction = this.#transaction;
    return PipelineWatch.begin({ leaser, call, transaction, pipeline: emptyPipeline<T, I> }, keys);
  }

  /** @internal Have a script or a library loaded before the commands are sent, if it is missing. */
  preload(source: Preloadable): void {
    this.#needed.set(source.id, source);
  }

  /** Forget everything buffered. */
  reset(): void {
    this.#parts.encoder.take();
    this.#entries = [];
    this.#answers = new Map();
    this.#needed = new Map();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reset();
  }

  protected override run<V>(info: CommandInfo, args: readonly Arg[], decode?: Decoder | null) {
    this.#buffer(info, args, decoderFor(info, decode, this.#parts.call));
    return this as unknown as Reply<PipelineSurface<R, T, I>, V>;
  }

  protected override reject<V>(
    _info: CommandInfo,
    error: DataError,
  ): Reply<PipelineSurface<R, T, I>, V> {
    throw error;
  }

  protected override resolve<V>(_info: CommandInfo, value: V) {
    this.#answers.set(this.length, value);
    return this as unknown as Reply<PipelineSurface<R, T, I>, V>;
  }

  #buffer(info: CommandInfo, args: readonly Arg[], decode: Decoder | undefined): void {
    const { call, executor, encoder } = this.#parts;
    const { flags, instead } = info;
    const changes = (flags & (SESSION | CLOSES)) !== 0;
    if (changes && (instead !== undefined || !executor.exclusive)) throw misplaced(info);
    encoder.command(info, args);
    const noted = trackSelectedDatabase(executor, { info, args, decode });
    this.#entries.push({ info, args, decode: noted, mode: replyModeOf(info, call) });
  }

  /** Load what is missing first; nothing of the batch is written until the server has it all. */
  async #sendAfter(needed: readonly Preloadable[], commands: BatchCommands): Promise<unknown[]> {
    const { executor, call } = this.#parts;
    const begun = performance.now();
    await preload(needed, (info, args) => {
      const parts = { executor, call: call.withRemainingTime(begun) };
      return execute(parts, { info, args, decode: undefined });
    });
    return await this.#send(commands, call.withRemainingTime(begun));
  }

  #send(commands: BatchCommands, call: CallSettings): Promise<unknown[]> {
    const { executor } = this.#parts;
    const traits = batchTraits(commands.entries, call, this.#transaction);
    const batch = this.#transaction
      ? new TransactionRequest(commands, call, traits)
      : new BatchRequest(commands, call, traits);
    const names = (): string[] => commands.entries.map(({ info }) => info.name);
    startTracedBatch(batch, { call, names, kind: this.#transaction ? "MULTI" : "PIPELINE" }, () => {
      if (call.cancellation !== undefined && !call.cancellation.add(batch)) return;
      if (traits.blocking) executor.executeExclusively(batch);
      else executor.execute(batch);
    });
    return batch.promise;
  }

  [inspect.custom](): string {
    return `Pipeline<${this.length} commands${this.#transaction ? ", transaction" : ""}>`;
  }
}

/** Stands outside of the class because a bundler renames a class that names itself. */
function emptyPipeline<T extends string | Buffer, I extends number | bigint>(
  parts: PipelineDependencies,
): Pipeline<[], T, I> {
  return new Pipeline(parts);
}

/** Traits of a batch: times of blocking commands add up, but in a transaction nothing blocks. */
function batchTraits(
  entries: readonly BatchEntry[],
  call: CallSettings,
  transaction: boolean,
): RequestTraits {
  let blocking = false;
  let taints = false;
  let replyTimeout = call.replyTimeout;
  for (const { info, args } of entries) {
    if ((info.flags & UNUSUAL) === 0) continue;
    const traits = traitsOf(info, args, call);
    taints ||= traits.mutatesSession;
    if (!traits.blocking || transaction) continue;
    blocking = true;
    const endless = replyTimeout === 0 || traits.replyTimeout === 0;
    replyTimeout = endless ? 0 : replyTimeout + traits.replyTimeout;
  }
  if (!blocking && !taints) return call;
  return { replyTimeout, waitTimeout: call.waitTimeout, blocking, mutatesSession: taints };
}

interface Raising {
  readonly entries: readonly BatchEntry[];
  readonly answers: ReadonlyMap<number, unknown>;
  /** The errors that do not stay in their places. */
  readonly raised: typeof RedisError;
}

function raiseFirst(values: readonly unknown[], { entries, answers, raised }: Raising): void {
  let sent = 0;
  for (const [index, value] of values.entries()) {
    const name = answers.has(index) ? "" : (entries[sent++]?.info.name ?? "");
    if (value instanceof raised) throw nameFailedCommand(value, index, name);
  }
}
