/**
 * The commands of one pipeline on a cluster: divided by node, merged by index. Each command settles by its
 * reply or its own error, whatever happens to the others.
 */
import { BLOCKING, READONLY } from "../commands/core/info.js";
import { hasSeveralKeys, NO_SLOT } from "../commands/core/key-route.js";
import { closedError } from "../connection/errors.js";
import { deriveError, type RedisError } from "../errors.js";
import type { CallSettings } from "../execution/call-settings.js";
import type { Cancellable } from "../execution/cancellation.js";
import type { Observable } from "../execution/tracing.js";
import { type BatchEntry, decodeSlot } from "../pipeline/batch-request.js";
import { batchTraits } from "../pipeline/send-batch.js";
import { assertWritable, type Chunk } from "../protocol/encoder.js";
import type { Reply } from "../protocol/reply.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import { type Fate, type Journey, newJourney } from "./fate.js";
import { ForwardedRequest } from "./forwarded-request.js";
import type { NodePool } from "./node-pool.js";
import {
  type PartOwner,
  PartRequest,
  type PartShape,
  type RefusedCommand,
} from "./part-request.js";
import type { Resend } from "./redirects.js";
import type { Refusal } from "./routed-request.js";
import type { ClusterRouter } from "./router.js";
import type { ScriptLoads } from "./script-loads.js";

/** Commands that had the same node when they were added. */
export interface CommandGroup {
  readonly node: NodePool | undefined;
  readonly indexes: readonly number[];
  readonly wire: readonly Chunk[];
}

/** The commands of a pipeline. */
export interface ClusterCommands {
  /** By index; `NO_SLOT` for a command without keys. */
  readonly slots: readonly number[];
  readonly groups: readonly CommandGroup[];
  /** The generation of the map in which all groups have the right node; another number when that is unknown. */
  readonly placedIn: number;
  /** Slot of a transaction. */
  readonly slot: number;
  /** The flags of all commands, combined. */
  readonly flags: number;
}

/** What a batch is created with. */
export interface ClusterPipelineSetup {
  readonly router: ClusterRouter;
  readonly call: CallSettings;
  readonly entries: readonly BatchEntry[];
  readonly commands: ClusterCommands;
  readonly loads: ScriptLoads;
}

/** A pipeline in flight. */
export class ClusterPipeline implements PartOwner, Cancellable, Observable {
  readonly name = "PIPELINE";
  /** A batch has no one server. */
  readonly address = undefined;
  readonly promise: Promise<unknown[]>;
  readonly entries: readonly BatchEntry[];
  readonly slots: readonly number[];
  readonly replies: Reply[];
  onSettled: ((error?: unknown) => void) | undefined = undefined;
  readonly #setup: ClusterPipelineSetup;
  /** The parts that have not ended; few, so that an array costs less than a Set. */
  readonly #parts: PartRequest[] = [];
  #resolve: (values: unknown[] | Promise<never>) => void = () => {};
  #journeys: Map<number, Journey> | undefined = undefined;
  /** Commands that were sent again although they may have been executed. */
  #retried: Set<number> | undefined = undefined;
  #unanswered: number;
  #settled = false;

  constructor(setup: ClusterPipelineSetup) {
    this.#setup = setup;
    this.entries = setup.entries;
    this.slots = setup.commands.slots;
    this.#unanswered = this.slots.length;
    this.replies = new Array<Reply>(this.slots.length).fill(null);
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Send all commands: those of one node as one request, those of a closed slot through its gate. */
  start(): void {
    const { router, commands } = this.#setup;
    if (router.closed) return this.fail(closedError(this.name));
    const isPlaced = router.gates.count === 0 && this.#arePlaced(commands);
    try {
      // A command that cannot be encoded must not divide the pipeline.
      if (isPlaced) for (const { wire } of commands.groups) assertWritable(wire);
      else for (const { info, args } of this.entries) router.encoder.check(info, args);
    } catch (error) {
      return this.fail(error as RedisError);
    }
    if (!isPlaced) return this.#sendApart();
    for (const { node, indexes, wire } of commands.groups)
      router.sendTo(node as NodePool, this.#part(indexes, NO_SLOT, FIRST, wire));
  }

  /** Whether the commands of each group can be sent to their node as one request. */
  #arePlaced({ groups, placedIn }: ClusterCommands): boolean {
    for (const { node } of groups) if (node === undefined || !node.writable) return false;
    const { router } = this.#setup;
    if (placedIn === router.table.generation) return true;
    return groups.every(({ node, indexes }) =>
      indexes.every((index) => router.nodeAt(this.slots[index] as number) === node),
    );
  }

  /** Divide the commands again: nodes have changed, slots are closed, or commands have to wait. */
  #sendApart(): void {
    const { router } = this.#setup;
    const byNode = new Map<NodePool, number[]>();
    const bySlot = new Map<number, number[]>();
    for (let index = 0; index < this.slots.length; index++) this.#assign(index, byNode, bySlot);
    for (const [node, indexes] of byNode) router.sendTo(node, this.#part(indexes, NO_SLOT));
    for (const [slot, indexes] of bySlot) {
      const part = this.#part(indexes, slot);
      if (part.blocking) router.executeExclusively(part);
      else router.execute(part);
    }
  }

  /** Put a command into the list of its node, or of its slot if it cannot be written now. */
  #assign(index: number, byNode: Map<NodePool, number[]>, bySlot: Map<number, number[]>): void {
    const { router } = this.#setup;
    const slot = this.slots[index] as number;
    const isClosed = router.gates.count !== 0 && router.gates.isClosed(slot);
    const node = isClosed ? undefined : router.nodeAt(slot);
    const list = node === undefined ? undefined : byNode.get(node);
    if (list !== undefined) list.push(index);
    // See PartRequest.divided.
    else if (node?.writable === true) byNode.set(node, [index]);
    else addTo(bySlot, slot, index);
  }

  // -- for the call ----------------------------------------------------------------------------

  get written(): boolean {
    if (this.#unanswered < this.slots.length) return true;
    return this.#parts.some(({ written, isAnswered }) => written || isAnswered);
  }

  fail(error: RedisError): void {
    if (this.#settled) return;
    for (const part of this.#parts) part.settled = true;
    this.#settle(rejectWithCallerStack(error), error);
  }

  withdraw(): void {
    for (const part of this.#parts.splice(0)) part.withdraw();
  }

  #settle(values: unknown[] | Promise<never>, error?: RedisError): void {
    this.#settled = true;
    this.#setup.call.cancellation?.delete(this);
    this.#resolve(values);
    this.onSettled?.(error);
  }

  // -- for the parts ---------------------------------------------------------------------------

  errorOf(index: number, error: RedisError): RedisError {
    const command = this.#entry(index).info.name;
    if (error.outcome === undefined) {
      error.command = command;
      return this.#setup.loads.reasonOf(error);
    }
    // An earlier attempt may have been executed, even if the last one was not sent.
    const outcome = this.#retried?.has(index) === true ? "unknown" : error.outcome;
    return deriveError(error, { command, outcome, cause: error.cause });
  }

  decide(index: number, refusal: Refusal): Fate {
    const slot = this.slots[index] as number;
    const { info, args } = this.#entry(index);
    const blocks = (info.flags & BLOCKING) !== 0 && info.blockTime?.(args) !== undefined;
    // Errors that follow from this one name the command too.
    refusal.error.command = info.name;
    const details = { command: info.name, slot, journey: this.#journey(index), ordered: !blocks };
    return this.#setup.router.redirects.decide({ ...refusal, ...details });
  }

  allowsRetry(indexes: readonly number[], error: RedisError, attempts: number): boolean {
    const { call } = this.#setup;
    const entries = indexes.map((index) => this.#entry(index));
    const { blocking } = batchTraits(entries, call, false);
    const areReads = entries.every(({ info }) => (info.flags & READONLY) !== 0);
    if (!call.allowsRetry(error, attempts, areReads && !blocking)) return false;
    this.#retried ??= new Set();
    for (const index of indexes) this.#retried.add(index);
    return true;
  }

  onLoadFailed(error: RedisError): void {
    this.#setup.loads.onError(error);
  }

  resend(refused: readonly RefusedCommand[]): void {
    if (this.#settled) return;
    const bySlot = new Map<number, number[]>();
    const fates = new Map<number, Resend>();
    for (const { index, fate } of refused) {
      const slot = this.slots[index] as number;
      const other = fates.get(slot);
      fates.set(slot, other === undefined ? fate : stronger(other, fate));
      addTo(bySlot, slot, index);
    }
    for (const [slot, indexes] of bySlot) {
      const fate = fates.get(slot) as Resend;
      const pieces = fate.kind === "move" ? [indexes] : this.#pieces(indexes);
      for (const piece of pieces) {
        const part = this.#part(piece, slot, AGAIN);
        const journey = this.#journey(piece[0] as number);
        this.#setup.router.redirects.follow(part, { slot, fate, journey });
      }
    }
  }

  /** Divide commands behind those that may be refused although the next ones would be executed. */
  #pieces(indexes: readonly number[]): number[][] {
    const pieces: number[][] = [[]];
    for (const index of indexes) {
      const { info, args } = this.#entry(index);
      pieces.at(-1)?.push(index);
      if (hasSeveralKeys(info, args)) pieces.push([]);
    }
    return pieces.filter(({ length }) => length !== 0);
  }

  askingPart(part: PartRequest): PartRequest {
    this.onPartEnded(part);
    return this.#part(part.indexes, part.slot(), BEHIND_ASKING);
  }

  divide(part: PartRequest): readonly PartRequest[] {
    const bySlot = new Map<number, number[]>();
    for (const index of part.indexes) addTo(bySlot, this.slots[index] as number, index);
    if (bySlot.size === 1 && bySlot.has(part.slot())) return [part];
    this.onPartEnded(part);
    const flags = { ...AGAIN, attempts: part.attempts };
    return [...bySlot].map(([slot, indexes]) => this.#part(indexes, slot, flags));
  }

  reroute(part: PartRequest, waitTimeout: number | undefined): void {
    for (const next of this.divide(part))
      this.#setup.router.resume(new ForwardedRequest(next, { waitTimeout }));
  }

  onPartEnded(part: PartRequest): void {
    const index = this.#parts.indexOf(part);
    if (index >= 0) this.#parts.splice(index, 1);
  }

  onAnswered(count: number): void {
    this.#unanswered -= count;
    if (this.#unanswered !== 0 || this.#settled) return;
    const { call } = this.#setup;
    // First: a response callback may abort the call, which is answered.
    this.#settled = true;
    // In place: no reply is read again.
    const values: unknown[] = this.replies;
    for (let i = 0; i < values.length; i++)
      values[i] = decodeSlot(this.#entry(i), values[i] as Reply, call);
    this.#settle(values);
  }

  #part(
    indexes: readonly number[],
    slot: number,
    { asking, admitted, attempts }: PartFlags = FIRST,
    wire?: readonly Chunk[],
  ): PartRequest {
    const { call, commands, loads } = this.#setup;
    const blocks = (commands.flags & BLOCKING) !== 0;
    const entries = blocks || loads.size !== 0 ? indexes.map((i) => this.#entry(i)) : NONE;
    const part = new PartRequest(this, indexes, {
      traits: blocks ? batchTraits(entries, call, false) : call,
      slot,
      wire,
      loads: loads.before(entries),
      asking,
      admitted,
      attempts,
    });
    this.#parts.push(part);
    return part;
  }

  #entry(index: number): BatchEntry {
    return this.entries[index] as BatchEntry;
  }

  #journey(index: number): Journey {
    this.#journeys ??= new Map();
    let journey = this.#journeys.get(index);
    if (journey === undefined) {
      journey = newJourney();
      this.#journeys.set(index, journey);
    }
    return journey;
  }
}

const NONE: readonly BatchEntry[] = [];

type PartFlags = Pick<PartShape, "asking" | "admitted" | "attempts">;

const FIRST: PartFlags = { asking: false, admitted: false, attempts: 0 };
const AGAIN: PartFlags = { asking: false, admitted: true, attempts: 0 };
const BEHIND_ASKING: PartFlags = { asking: true, admitted: true, attempts: 0 };

function addTo(lists: Map<number, number[]>, slot: number, index: number): void {
  const list = lists.get(slot);
  if (list === undefined) lists.set(slot, [index]);
  else list.push(index);
}

/**
 * Return the fate for commands of one slot that are sent again together: the longest wait, otherwise ASKING,
 * which the owner of a slot ignores.
 */
function stronger(a: Resend, b: Resend): Resend {
  if (a.kind === "wait") return b.kind === "wait" && b.pause > a.pause ? b : a;
  return b.kind === "wait" || a.kind === "move" ? b : a;
}
