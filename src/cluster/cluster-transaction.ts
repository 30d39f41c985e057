/**
 * A transaction on a cluster: all its keys are in one slot. When the node refuses it for a reason of the
 * cluster, nothing of it was executed, and it is sent again as a whole.
 */
import { hasSeveralKeys } from "../commands/core/key-route.js";
import type { InternalCommand } from "../connection/internal-request.js";
import type { RequestTraits } from "../connection/request.js";
import { RedisError } from "../errors.js";
import type { CallSettings } from "../execution/call-settings.js";
import type { BatchCommands, BatchEntry } from "../pipeline/batch-request.js";
import { TransactionRequest } from "../pipeline/transaction-request.js";
import type { Encoder } from "../protocol/encoder.js";
import { type Reply, type ReplyMode, TEXT } from "../protocol/reply.js";
import { newJourney } from "./fate.js";
import { ForwardedRequest } from "./forwarded-request.js";
import type { Refusal, SelfRouting } from "./routed-request.js";
import type { ClusterRouter } from "./router.js";
import type { ScriptLoads } from "./script-loads.js";

/** What a transaction is created with. */
export interface ClusterTransactionSetup {
  readonly router: ClusterRouter;
  readonly call: CallSettings;
  readonly traits: RequestTraits;
  /** Slot of all keys; `NO_SLOT` without keys. */
  readonly slot: number;
  readonly loads: ScriptLoads;
}

/** MULTI, the commands and EXEC, for the node of one slot. */
export class ClusterTransaction extends TransactionRequest implements SelfRouting {
  readonly #router: ClusterRouter;
  readonly #slot: number;
  readonly #loads: ScriptLoads;
  /** Written before MULTI. */
  readonly #loadCommands: readonly InternalCommand[];
  readonly #journey = newJourney();
  /** Number of replies before that of MULTI. */
  #skip: number;
  /** The first error reply, when it may concern the cluster. */
  #refusal: Refusal | undefined = undefined;
  #isRefused = false;

  constructor(commands: BatchCommands, setup: ClusterTransactionSetup) {
    const loadCommands = setup.loads.before(commands.entries);
    super(commands, setup.call, setup.traits, loadCommands.length);
    this.#router = setup.router;
    this.#slot = setup.slot;
    this.#loads = setup.loads;
    this.#loadCommands = loadCommands;
    this.#skip = loadCommands.length;
  }

  override slot(): number {
    return this.#slot;
  }

  /** EXEC is checked with the keys of all commands. */
  override get severalKeys(): boolean {
    return (
      this.entries.length > 1 || this.entries.some(({ info, args }) => hasSeveralKeys(info, args))
    );
  }

  get slots(): Iterable<number> {
    return [this.#slot];
  }

  /** Its wrapper does. */
  get writesAsking(): false {
    return false;
  }

  override encode(encoder: Encoder): void {
    this.check();
    for (const load of this.#loadCommands) encoder.command(load, load.args);
    super.encode(encoder);
  }

  override replyMode(): ReplyMode {
    return this.#skip !== 0 ? TEXT : super.replyMode();
  }

  override remainingReplies(): number {
    return this.#skip + super.remainingReplies();
  }

  override acceptReply(value: Reply): boolean {
    if (this.#skip === 0) return super.acceptReply(value);
    this.#skip--;
    return false;
  }

  override acceptError(error: RedisError): boolean {
    if (this.#skip !== 0) {
      this.#loads.onError(error);
      this.#skip--;
      return false;
    }
    this.#isRefused = true;
    if (super.remainingReplies() === 1 && this.#isSentAgain()) return true;
    return super.acceptError(this.#loads.reasonOf(error));
  }

  onRefused(refusal: Refusal): void {
    // Only the first error: EXECABORT follows from it, and another cause is not mended by another node.
    if (this.#skip === 0 && !this.#isRefused) this.#refusal = refusal;
  }

  reroute(waitTimeout: number | undefined): void {
    this.#router.resume(new ForwardedRequest(this, { waitTimeout }));
  }

  asking(onEnd?: () => void): ForwardedRequest {
    return new ForwardedRequest(this, { asking: true, onEnd });
  }

  protected override restart(): void {
    super.restart();
    this.#skip = this.#loadCommands.length;
    this.#refusal = undefined;
    this.#isRefused = false;
  }

  protected override decode(entry: BatchEntry, reply: Reply): unknown {
    const reason = reply instanceof RedisError ? this.#loads.reasonOf(reply) : reply;
    return super.decode(entry, reason);
  }

  /** EXEC was refused: send all again if the first refusal asks for that. */
  #isSentAgain(): boolean {
    const refusal = this.#refusal;
    if (refusal === undefined || this.settled || this.executedWithoutMulti) return false;
    const { redirects } = this.#router;
    const slot = this.#slot;
    const journey = this.#journey;
    const details = { command: this.name, slot, journey, ordered: true };
    const fate = redirects.decide({ ...refusal, ...details });
    if (fate.kind === "deliver") return false;
    if (fate.kind === "refuse") this.fail(fate.error);
    else {
      this.restart();
      redirects.follow(this, { slot, fate, journey });
    }
    return true;
  }
}
