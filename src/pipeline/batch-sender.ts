/**
 * The interface between a pipeline and what sends its commands, and the sender for one server, which encodes
 * commands when they are added and sends them as one request.
 */
import type { Arg, CommandInfo, Key } from "../commands/core/info.js";
import { ConnectionError, type RedisError } from "../errors.js";
import type { ExecutionContext } from "../execution/execute.js";
import type { Preloadable } from "../execution/preload.js";
import { type Chunk, Encoder, type EncoderOptions } from "../protocol/encoder.js";
import { type Batch, sendAfterPreload, sendBatch } from "./send-batch.js";

/**
 * Checks and sends the commands of one pipeline, batch after batch; `W` is the form in which it keeps commands
 * until they are sent.
 */
export interface BatchSender<W = unknown> {
  /** Check a command and add it to the next batch; throws and adds nothing when it is refused. */
  add(info: CommandInfo, args: readonly Arg[]): void;
  /** Check keys that are about to be watched; the first call decides about the connection. */
  watch?(keys: readonly Key[]): void;
  /** Check a command that is about to be sent immediately on the watching connection. */
  checkWatched?(info: CommandInfo, args: readonly Arg[]): void;
  /** Whether an error reply means that the watch is lost. */
  endsWatch?(error: unknown): boolean;
  /** Forget the commands added, and return them. */
  take(): W;
  /**
   * Send a batch whose commands were added and taken.
   *
   * @param needed - Scripts and libraries that the commands use.
   * @returns The values by index of the entry, server errors among them.
   */
  send(
    context: ExecutionContext,
    batch: Batch<W>,
    needed: ReadonlyMap<string, Preloadable>,
  ): Promise<unknown[]>;
}

/** How the pipelines of a client send their commands. */
export interface BatchSenders {
  /** Default of {@link PipelineOptions.transaction}. */
  readonly transaction: boolean;
  /** Class of the errors that `exec` throws even under `raiseOnError: false`; absent for none. */
  readonly alwaysThrown?: typeof RedisError;
  /** Create the sender of one pipeline, or of one watch. */
  create(transaction: boolean): BatchSender;
}

/** Sends batches to one server. */
class ServerBatchSender implements BatchSender<readonly Chunk[]> {
  readonly #encoder: Encoder;

  constructor(options: EncoderOptions) {
    this.#encoder = new Encoder(options);
  }

  add(info: CommandInfo, args: readonly Arg[]): void {
    this.#encoder.command(info, args);
  }

  take(): readonly Chunk[] {
    return this.#encoder.take();
  }

  send(
    context: ExecutionContext,
    batch: Batch,
    needed: ReadonlyMap<string, Preloadable>,
  ): Promise<unknown[]> {
    if (needed.size === 0) return sendBatch(context, batch);
    return sendAfterPreload(needed.values(), context, batch);
  }
}

/** Create the senders of a client of one server. */
export function serverBatchSenders(options: EncoderOptions): BatchSenders {
  return {
    transaction: true,
    alwaysThrown: ConnectionError,
    create: () => new ServerBatchSender(options),
  };
}
