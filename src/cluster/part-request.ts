/**
 * The commands of a pipeline that go to one node: written as one piece, answered in order. Commands that the
 * node refuses are sent again when the last reply has arrived; at the end every command has a reply, an error,
 * or is on its way again.
 */
import { hasSeveralKeys } from "../commands/core/key-route.js";
import type { InternalCommand } from "../connection/internal-request.js";
import { internalCommand } from "../connection/internal-request.js";
import { Request, type RequestHolder, type RequestTraits } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { BatchEntry } from "../pipeline/batch-request.js";
import { assertWritable, type Chunk, type Encoder } from "../protocol/encoder.js";
import { type Reply, type ReplyMode, TEXT } from "../protocol/reply.js";
import { nextTick } from "../util/timers.js";
import type { Fate } from "./fate.js";
import { ForwardedRequest } from "./forwarded-request.js";
import type { Resend } from "./redirects.js";
import type { Refusal, SelfRouting } from "./routed-request.js";

const ASKING = internalCommand("ASKING");

/** A command that was refused and is to be sent again. */
export interface RefusedCommand {
  readonly index: number;
  readonly fate: Resend;
}

/** The pipeline, as its parts use it. Commands have the index of their entry. */
export interface PartOwner {
  readonly entries: readonly BatchEntry[];
  readonly slots: readonly number[];
  /** Replies of all commands so far, error replies included. */
  readonly replies: Reply[];
  /** Return the error of a command, from an error reply or from the failure of its part. */
  errorOf(index: number, error: RedisError): RedisError;
  /** Decide what follows an error reply. */
  decide(index: number, refusal: Refusal): Fate;
  /** Whether commands that may have been executed are sent again, for the `attempts`th time. */
  allowsRetry(indexes: readonly number[], error: RedisError, attempts: number): boolean;
  /** Record the error of a command that loads a script. */
  onLoadFailed(error: RedisError): void;
  /** Send refused commands again. */
  resend(refused: readonly RefusedCommand[]): void;
  /** Return the request for the commands of a part, each behind ASKING. */
  askingPart(part: PartRequest): PartRequest;
  /** Return parts of one slot each in place of a part. */
  divide(part: PartRequest): readonly PartRequest[];
  /** Route the commands of a part again; see {@link SelfRouting.reroute}. */
  reroute(part: PartRequest, waitTimeout: number | undefined): void;
  /** So many commands have their reply or error. */
  onAnswered(count: number): void;
  /** A part has ended. */
  onPartEnded(part: PartRequest): void;
}

/** What a part is created with. */
export interface PartShape {
  readonly traits: RequestTraits;
  /** Slot of all its commands; `NO_SLOT` when they have several. */
  readonly slot: number;
  /** The commands' wire form, if it is known. */
  readonly wire: readonly Chunk[] | undefined;
  /** Written before the commands. */
  readonly loads: readonly InternalCommand[];
  /** Whether ASKING precedes each command. */
  readonly asking: boolean;
  /** See {@link Request.admitted}. */
  readonly admitted: boolean;
  /** Number of times that its commands were sent again although they may have been executed. */
  readonly attempts: number;
}

/** Commands of a pipeline for one node. */
export class PartRequest extends Request implements SelfRouting {
  readonly #owner: PartOwner;
  readonly #shape: PartShape;
  readonly #entries: readonly BatchEntry[];
  readonly #replies: Reply[];
  #indexes: readonly number[];
  #wire: readonly Chunk[] | undefined;
  #isAdmitted: boolean;
  #answered = 0;
  /** Number of replies that come before the next command's. */
  #skip: number;
  /** What follows the error reply that is passed to {@link acceptError} next. */
  #fate: Fate | undefined = undefined;
  #refused: RefusedCommand[] | undefined = undefined;
  /** The error with which ASKING was refused. */
  #askingError: RedisError | undefined = undefined;
  #attempts: number;

  constructor(owner: PartOwner, indexes: readonly number[], shape: PartShape) {
    const { traits, loads, asking } = shape;
    super(indexes.length * (asking ? 2 : 1) + loads.length, traits);
    this.#owner = owner;
    this.#entries = owner.entries;
    this.#replies = owner.replies;
    this.#indexes = indexes;
    this.#wire = shape.wire;
    this.#shape = shape;
    this.#isAdmitted = shape.admitted;
    this.#attempts = shape.attempts;
    this.#skip = this.#preceding;
  }

  override get name(): string {
    return "PIPELINE";
  }

  override get admitted(): boolean {
    return this.#isAdmitted;
  }

  /** The commands that are not answered. */
  get indexes(): readonly number[] {
    return this.#answered === 0 ? this.#indexes : this.#indexes.slice(this.#answered);
  }

  get slots(): Iterable<number> {
    const { slots } = this.#owner;
    return new Set(this.#indexes.map((index) => slots[index] as number));
  }

  get writesAsking(): boolean {
    return this.#shape.asking;
  }

  /** See {@link PartShape.attempts}. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Whether the server has answered a command. */
  get isAnswered(): boolean {
    return this.#answered !== 0;
  }

  override slot(): number {
    return this.#shape.slot;
  }

  override get severalKeys(): boolean {
    const entries = this.indexes.map((index) => this.#entries[index] as BatchEntry);
    return entries.some(({ info, args }) => hasSeveralKeys(info, args));
  }

  /** While commands wait, their slot may move: commands of several slots must not wait as one request. */
  override divided(): readonly Request[] {
    return this.#owner.divide(this);
  }

  override heldBy(holder: RequestHolder): void {
    super.heldBy(holder);
    this.#isAdmitted = true;
  }

  override check(encoder: Encoder): void {
    if (this.#wire !== undefined) return assertWritable(this.#wire);
    for (const index of this.#indexes) {
      const { info, args } = this.#entries[index] as BatchEntry;
      encoder.check(info, args);
    }
  }

  override encode(encoder: Encoder): void {
    const { loads, asking } = this.#shape;
    this.check(encoder);
    for (const load of loads) encoder.command(load, load.args);
    if (this.#wire !== undefined) return encoder.add(this.#wire);
    for (const index of this.#indexes) {
      const { info, args } = this.#entries[index] as BatchEntry;
      if (asking) encoder.command(ASKING, ASKING.args);
      encoder.command(info, args);
    }
  }

  override replyMode(): ReplyMode {
    if (this.#skip !== 0) return TEXT;
    return this.#entries[this.#indexes[this.#answered] as number]?.mode ?? TEXT;
  }

  override acceptReply(value: Reply): boolean {
    if (this.#skip !== 0) return this.#skipReply();
    this.#replies[this.#indexes[this.#answered] as number] = value;
    return this.#advance();
  }

  override acceptError(error: RedisError): boolean {
    if (this.#skip !== 0) {
      if (this.#skip > (this.#shape.asking ? 1 : 0)) this.#owner.onLoadFailed(error);
      else this.#askingError = error;
      return this.#skipReply();
    }
    const fate = this.#fate;
    this.#fate = undefined;
    if (fate?.kind === "refuse") return this.acceptReply(fate.error);
    if (fate === undefined || fate.kind === "deliver")
      return this.acceptReply(this.#owner.errorOf(this.#index, error));
    this.#refused ??= [];
    this.#refused.push({ index: this.#index, fate });
    return this.#advance();
  }

  onRefused(refusal: Refusal): void {
    if (this.#skip !== 0) return;
    const asking = this.#askingError;
    this.#fate = this.#owner.decide(this.#index, asking ? { ...refusal, asking } : refusal);
  }

  reroute(waitTimeout: number | undefined): void {
    this.#owner.reroute(this, waitTimeout);
  }

  asking(onEnd?: () => void): ForwardedRequest {
    return new ForwardedRequest(this.#owner.askingPart(this), { onEnd });
  }

  override remainingReplies(): number {
    const commands = this.#indexes.length - this.#answered;
    return this.#skip + commands + (this.#shape.asking ? commands - 1 : 0);
  }

  override prepareRetry(error: RedisError): boolean {
    const rest = this.indexes;
    // An error reply is that of one command.
    if (error.outcome === undefined || this.settled) return false;
    if (!this.#owner.allowsRetry(rest, error, this.#attempts)) return false;
    this.#attempts++;
    this.#owner.onAnswered(this.#answered - (this.#refused?.length ?? 0));
    this.#resendRefused();
    if (this.#answered !== 0) this.#wire = undefined;
    this.#indexes = rest;
    this.#answered = 0;
    this.#skip = this.#preceding;
    return true;
  }

  override fail(error: RedisError): void {
    if (this.settled) return;
    this.settled = true;
    for (const index of this.indexes) this.#replies[index] = this.#owner.errorOf(index, error);
    const count = this.#indexes.length - (this.#refused?.length ?? 0);
    this.#resendRefused();
    this.#owner.onPartEnded(this);
    this.#owner.onAnswered(count);
  }

  get #index(): number {
    return this.#indexes[this.#answered] as number;
  }

  /** Number of replies before the first command's. */
  get #preceding(): number {
    return this.#shape.loads.length + (this.#shape.asking ? 1 : 0);
  }

  #skipReply(): false {
    this.#skip--;
    return false;
  }

  #advance(): boolean {
    if (++this.#answered < this.#indexes.length) {
      if (this.#shape.asking) this.#skip = 1;
      return false;
    }
    this.settled = true;
    const refused = this.#refused ?? [];
    // Now: a later command of the slot may be redirected in the same chunk of replies.
    if (refused.length !== 0) this.#owner.resend(refused);
    this.#owner.onPartEnded(this);
    this.#owner.onAnswered(this.#indexes.length - refused.length);
    return true;
  }

  /** The connection is lost: its pool must not be called from here. */
  #resendRefused(): void {
    const refused = this.#refused;
    this.#refused = undefined;
    if (refused !== undefined) nextTick(() => this.#owner.resend(refused));
  }
}
