/**
 * How the pipelines of a cluster client send their commands. Every command is checked and encoded when it is
 * added, so that nothing of a pipeline is sent when one of its commands cannot be.
 */
import type { Arg, CommandInfo, Key } from "../commands/core/info.js";
import { commandSlot, NO_SLOT } from "../commands/core/key-route.js";
import { keySlot } from "../commands/core/key-slot.js";
import { CrossSlotTransactionError, DataError, RedisError } from "../errors.js";
import type { ExecutionContext } from "../execution/execute.js";
import type { Executor } from "../execution/executor.js";
import type { Preloadable } from "../execution/preload.js";
import type { BatchSender, BatchSenders } from "../pipeline/batch-sender.js";
import {
  type Batch,
  batchTraits,
  sendAfterPreload,
  sendBatch,
  startBatch,
} from "../pipeline/send-batch.js";
import { Encoder } from "../protocol/encoder.js";
import { type ClusterCommands, ClusterPipeline, type CommandGroup } from "./cluster-pipeline.js";
import { ClusterTransaction } from "./cluster-transaction.js";
import type { NodePool } from "./node-pool.js";
import { concernsCluster } from "./redirects.js";
import type { ClusterRouter } from "./router.js";
import { ScriptLoads } from "./script-loads.js";

/** Commands that go to the same node, and what encodes them. */
interface Group {
  readonly node: NodePool | undefined;
  readonly indexes: number[];
  readonly encoder: Encoder;
}

/** A number that no generation of the map has. */
const UNKNOWN = -1;
/** Shared: it records only errors of its commands, and has none. */
export const NO_LOADS = new ScriptLoads([]);

function crossSlot(command: string): CrossSlotTransactionError {
  const message = `${command}: all keys of a transaction must be in one slot; give the keys one hash tag, such as {user1}`;
  return new CrossSlotTransactionError(message, { command, outcome: "not-sent" });
}

/** Sends the batches of one pipeline. */
export class ClusterBatchSender implements BatchSender<ClusterCommands> {
  readonly #router: ClusterRouter;
  readonly #encoding: BufferEncoding;
  readonly #transaction: boolean;
  /** Slot of the watched keys. */
  #watched = NO_SLOT;
  /** Slot of the transaction. */
  #slot = NO_SLOT;
  #slots: number[] = [];
  #groups: Group[] = [];
  /** The same groups by the number of their shard, as of `#generation` of the map. */
  #byShard: (Group | undefined)[] = [];
  #generation = UNKNOWN;
  /** The generation of the map for which all groups are right, if there is one. */
  #placedIn = UNKNOWN;
  #flags = 0;

  constructor(router: ClusterRouter, transaction: boolean) {
    this.#router = router;
    this.#encoding = router.settings.encoding;
    this.#transaction = transaction;
  }

  add(info: CommandInfo, args: readonly Arg[]): void {
    const slot = commandSlot(info, args, this.#encoding);
    const isOther = this.#transaction && slot !== NO_SLOT && slot !== this.#slot;
    if (isOther && this.#slot !== NO_SLOT) throw crossSlot(info.name);
    const { indexes, encoder } = this.#groupOf(slot);
    encoder.command(info, args);
    if (isOther) this.#slot = slot;
    indexes.push(this.#slots.length);
    this.#slots.push(slot);
    this.#flags |= info.flags;
  }

  /** Return the commands that go where one of this slot goes. A transaction is one group. */
  #groupOf(slot: number): Group {
    if (this.#transaction) return this.#groups[0] ?? this.#groupAt(undefined);
    const { table } = this.#router;
    if (table.generation !== this.#generation) this.#startGeneration(table.generation);
    if (slot === NO_SLOT) {
      // Any node is right, but only while it has not failed.
      this.#placedIn = UNKNOWN;
      return this.#groupAt(this.#router.nodeAt(slot));
    }
    const shard = table.shardNumber(slot);
    return this.#byShard[shard] ?? this.#groupAt(table.primary(slot), shard);
  }

  #startGeneration(generation: number): void {
    this.#generation = generation;
    this.#placedIn = this.#groups.length === 0 ? generation : UNKNOWN;
    this.#byShard = [];
  }

  #groupAt(node: NodePool | undefined, shard?: number): Group {
    let group = this.#groups.find((other) => other.node === node);
    if (group === undefined) {
      group = { node, indexes: [], encoder: new Encoder(this.#router.settings) };
      this.#groups.push(group);
    }
    if (shard !== undefined) this.#byShard[shard] = group;
    return group;
  }

  watch(keys: readonly Key[]): void {
    if (keys.length === 0 && this.#watched === NO_SLOT) {
      const message = "WATCH: on a cluster at least one key is required, which determines the node";
      throw new DataError(message, { command: "WATCH" });
    }
    let slot = this.#watched;
    for (const key of keys) {
      const own = keySlot(key, this.#encoding);
      if (slot !== NO_SLOT && own !== slot) throw crossSlot("WATCH");
      slot = own;
    }
    this.#watched = slot;
    this.#slot = slot;
  }

  checkWatched(info: CommandInfo, args: readonly Arg[]): void {
    const slot = commandSlot(info, args, this.#encoding);
    if (slot !== NO_SLOT && slot !== this.#watched) throw crossSlot(info.name);
  }

  endsWatch(error: unknown): boolean {
    return error instanceof RedisError && concernsCluster(error);
  }

  take(): ClusterCommands {
    const groups: CommandGroup[] = [];
    for (const { node, indexes, encoder } of this.#groups)
      if (indexes.length !== 0) groups.push({ node, indexes, wire: encoder.take() });
    const placedIn = this.#placedIn;
    const taken = { slots: this.#slots, groups, placedIn, flags: this.#flags, slot: this.#slot };
    this.#slot = this.#watched;
    this.#slots = [];
    this.#groups = [];
    this.#generation = UNKNOWN;
    this.#flags = 0;
    return taken;
  }

  send(
    context: ExecutionContext,
    batch: Batch<ClusterCommands>,
    needed: ReadonlyMap<string, Preloadable>,
  ): Promise<unknown[]> {
    const { executor } = context;
    if (executor !== this.#router) return sendOnConnection(context, batch, needed);
    const router = this.#router;
    const { call } = context;
    const loads = needed.size === 0 ? NO_LOADS : new ScriptLoads(needed.values());
    const { entries, transaction, wire: commands } = batch;
    if (!transaction) {
      const request = new ClusterPipeline({ router, call, loads, entries, commands });
      return startBatch(context, { entries, transaction, request, send: startParts });
    }
    const traits = batchTraits(entries, call, true);
    const { slot } = commands;
    const request = new ClusterTransaction(joined(batch), { router, call, loads, traits, slot });
    return startBatch(context, { entries, transaction, request, send: execute });
  }
}

/** Send a batch on the connection of a watch. */
function sendOnConnection(
  context: ExecutionContext,
  batch: Batch<ClusterCommands>,
  needed: ReadonlyMap<string, Preloadable>,
): Promise<unknown[]> {
  const commands = joined(batch);
  if (needed.size === 0) return sendBatch(context, commands);
  return sendAfterPreload(needed.values(), context, commands);
}

/** Return a batch with the wire form of all commands in one list. */
function joined(batch: Batch<ClusterCommands>): Batch {
  return { ...batch, wire: batch.wire.groups.flatMap(({ wire }) => wire) };
}

function startParts(_executor: Executor, batch: ClusterPipeline): void {
  batch.start();
}

function execute(executor: Executor, transaction: ClusterTransaction): void {
  executor.execute(transaction);
}

/** Create the senders of a cluster client. */
export function clusterBatchSenders(router: ClusterRouter): BatchSenders {
  return {
    transaction: false,
    create: (transaction) => new ClusterBatchSender(router, transaction),
  };
}
