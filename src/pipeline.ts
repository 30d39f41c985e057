/**
 * Owns the buffer of a pipeline: commands are checked when they are added, sent together by `exec`,
 * and their values come back as one typed tuple. Nothing is sent before `exec`, and a pipeline is
 * never thenable: awaiting it by mistake gives the pipeline.
 */
import { inspect } from "node:util";
import { annotate, type BatchCommands, type BatchEntry, PlainBatch, Transaction } from "./batch.js";
import type { Call } from "./call.js";
import { Commands } from "./commands/generated/commands.js";
import type { Host, Reply } from "./commands/host.js";
import {
  type Arg,
  BLOCKING,
  CLOSES,
  type CommandInfo,
  type Decoder,
  SESSION,
} from "./commands/info.js";
import { DataError, RedisError } from "./errors.js";
import type { Executor } from "./executor.js";
import type { Encoder } from "./protocol/encoder.js";
import { decoderFor, modeOf, sessionError, traitsOf } from "./request.js";

/** Options of a pipeline. */
export interface PipelineOptions {
  /** Whether the commands run as one MULTI/EXEC transaction; default `true`. */
  readonly transaction?: boolean;
}

/** Options of {@link Pipeline.exec}. */
export interface ExecOptions {
  /** Whether the first error among the replies rejects; default `true`. */
  readonly raiseOnError?: boolean;
}

/** The values of a pipeline, each possibly an error instead. */
export type Settled<R extends readonly unknown[]> = { [K in keyof R]: R[K] | RedisError };

/** A pipeline as a host of commands: each method gives the pipeline, grown by one value. */
export interface PipelineHost<
  R extends readonly unknown[],
  T extends string | Buffer,
  I extends number | bigint,
> extends Host {
  readonly text: T;
  readonly int: I;
  readonly reply: Pipeline<[...R, this["value"]], T, I>;
}

/** What a pipeline is made of. */
export interface PipelineParts {
  readonly executor: Executor;
  readonly call: Call;
  readonly encoder: Encoder;
}

/** Buffers commands and sends them together. Made by `redis.pipeline()`. */
export class Pipeline<
  R extends readonly unknown[] = [],
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends Commands<PipelineHost<R, T, I>> {
  readonly #parts: PipelineParts;
  readonly #transaction: boolean;
  #entries: BatchEntry[] = [];
  /** Values that needed no server, by their place among the results. */
  #answers = new Map<number, unknown>();

  constructor(parts: PipelineParts, options: PipelineOptions = {}) {
    super();
    const { transaction = true } = options;
    if (typeof transaction !== "boolean") {
      throw new DataError('pipeline: "transaction" must be true or false', { code: "EINVAL" });
    }
    this.#parts = parts;
    this.#transaction = transaction;
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
   * @throws {@link ResponseError} The first error, named by number and command.
   * @throws {@link ExecAbortError} or the error of the command that made the server refuse EXEC.
   * @throws {@link ConnectionError} when the connection is lost; `outcome` tells what is known.
   * @see {@link https://redis.io/docs/latest/commands/exec/ | EXEC}
   */
  exec(options?: ExecOptions & { readonly raiseOnError?: true }): Promise<R>;
  exec(options: ExecOptions & { readonly raiseOnError: false }): Promise<Settled<R>>;
  exec(options: ExecOptions): Promise<R | Settled<R>>;
  async exec(options: ExecOptions = {}): Promise<R | Settled<R>> {
    const entries = this.#entries;
    const answers = this.#answers;
    const wire = this.#parts.encoder.take();
    this.reset();
    const values = entries.length === 0 ? [] : await this.#send({ entries, wire });
    for (const [index, value] of answers) values.splice(index, 0, value);
    if (options.raiseOnError !== false) raiseFirst(values, entries, answers);
    return values as unknown as R;
  }

  /** redis-py's name of {@link exec}. */
  execute(options?: ExecOptions & { readonly raiseOnError?: true }): Promise<R>;
  execute(options: ExecOptions & { readonly raiseOnError: false }): Promise<Settled<R>>;
  execute(options: ExecOptions): Promise<R | Settled<R>>;
  execute(options: ExecOptions = {}): Promise<R | Settled<R>> {
    return this.exec(options);
  }

  /** Forget everything buffered. */
  reset(): void {
    this.#parts.encoder.take();
    this.#entries = [];
    this.#answers = new Map();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reset();
  }

  protected override run<V>(info: CommandInfo, args: readonly Arg[], decode?: Decoder | null) {
    const { call, executor, encoder } = this.#parts;
    if ((info.flags & (SESSION | CLOSES)) !== 0 && !executor.exclusive) throw sessionError(info);
    encoder.command(info, args);
    const decoder = decoderFor(info, decode, call);
    this.#entries.push({ info, args, decode: decoder, mode: modeOf(info, call) });
    return this as unknown as Reply<PipelineHost<R, T, I>, V>;
  }

  protected override refuse<V>(
    _info: CommandInfo,
    error: DataError,
  ): Reply<PipelineHost<R, T, I>, V> {
    throw error;
  }

  protected override answer<V>(_info: CommandInfo, value: V) {
    this.#answers.set(this.length, value);
    return this as unknown as Reply<PipelineHost<R, T, I>, V>;
  }

  #send(commands: BatchCommands): Promise<unknown[]> {
    const { call, executor } = this.#parts;
    const blocking = this.#transaction ? undefined : blockingEntry(commands.entries, call);
    const batch = this.#transaction
      ? new Transaction(commands, call)
      : new PlainBatch(commands, call, blocking ?? call);
    if (call.scope !== undefined && !call.scope.add(batch)) return batch.promise;
    if (blocking === undefined) executor.execute(batch);
    else executor.executeAlone(batch);
    return batch.promise;
  }

  [inspect.custom](): string {
    return `Pipeline<${this.length} commands${this.#transaction ? ", transaction" : ""}>`;
  }
}

/** Traits of a batch with blocking commands in it: their times add up. */
function blockingEntry(entries: readonly BatchEntry[], call: Call) {
  let blocking = false;
  let replyTimeout = call.replyTimeout;
  for (const { info, args } of entries) {
    if ((info.flags & BLOCKING) === 0) continue;
    const traits = traitsOf(info, args, call);
    if (!traits.blocking) continue;
    blocking = true;
    const endless = replyTimeout === 0 || traits.replyTimeout === 0;
    replyTimeout = endless ? 0 : replyTimeout + traits.replyTimeout;
  }
  const { waitTimeout } = call;
  return blocking ? { replyTimeout, waitTimeout, blocking, taints: false } : undefined;
}

function raiseFirst(
  values: readonly unknown[],
  entries: readonly BatchEntry[],
  answers: ReadonlyMap<number, unknown>,
): void {
  let sent = 0;
  for (const [index, value] of values.entries()) {
    const name = answers.has(index) ? "" : (entries[sent++]?.info.name ?? "");
    if (value instanceof RedisError) throw annotate(value, index, name);
  }
}
