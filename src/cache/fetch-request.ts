/**
 * A read on behalf of all callers that ask for the same while it is under way. One caller's abort or deadline does not
 * touch the others, each gets a reply or an error of its own, and without a caller left an unwritten read is withdrawn.
 */
import { isUint8Array } from "node:util/types";
import type { Arg } from "../commands/core/info.js";
import { internalCommand } from "../connection/internal-request.js";
import type { RequestCarrier, RequestHolder } from "../connection/request.js";
import { Request } from "../connection/request.js";
import { deriveError, type RedisError } from "../errors.js";
import type { CommandRequest } from "../execution/command-request.js";
import type { Encoder } from "../protocol/encoder.js";
import { type Reply, type ReplyMode, TEXT } from "../protocol/reply.js";
import { copyOf } from "../util/bytes.js";
import { realTime } from "../util/timers.js";
import { copyReply } from "./copy-reply.js";
import type { CallIdentity } from "./key-index.js";

/** Makes the server remember the keys of the next command only. */
const CACHING = internalCommand("CLIENT CACHING", "YES");

/** The cache, as its reads use it. */
export interface FetchOwner {
  /** The reply has arrived on a connection; its callers get it. */
  onFetched(fetch: FetchRequest, reply: Reply): void;
  /** The read has ended, with a reply or without. */
  onFetchEnded(fetch: FetchRequest): void;
}

/** What a {@link FetchRequest} needs besides its first caller. */
export interface FetchSetup {
  readonly owner: FetchOwner;
  /** Whether CLIENT CACHING YES precedes the command, in the same piece. */
  readonly optIn: boolean;
  /** Most callers: they are pending commands, although only one is sent. */
  readonly maxCallers: number;
}

/** A caller gets the outcome of a read only if the read has this part of its reply timeout left. */
const JOIN_PART = 0.5;

/** A copy of the arguments: callers may change their bytes before the read is sent, and others wait for it too. */
function copyOfArgs(args: readonly Arg[]): readonly Arg[] {
  return args.some((arg) => isUint8Array(arg))
    ? args.map((arg) => (isUint8Array(arg) ? copyOf(arg) : arg))
    : args;
}

/** One read for any number of callers. */
export class FetchRequest extends Request implements CallIdentity {
  readonly keys: readonly string[];
  readonly id: string;
  /** Moment of `realTime()` at which it was created. */
  readonly since = realTime();
  /** Whether its reply may be kept, and others may wait for it: nothing has happened that may change the reply. */
  isCurrent = true;
  readonly #leader: CommandRequest;
  readonly #args: readonly Arg[];
  readonly #owner: FetchOwner;
  readonly #optIn: boolean;
  readonly #maxCallers: number;
  readonly #callers: Set<CommandRequest>;
  readonly #holder = { delete: (caller: Request): void => this.#leave(caller as CommandRequest) };
  #carrier: RequestCarrier | undefined = undefined;
  #awaitsCaching: boolean;
  /** Whether the server remembers no key of this read, because it has refused CLIENT CACHING. */
  #refused = false;

  constructor(leader: CommandRequest, { keys, id }: CallIdentity, setup: FetchSetup) {
    super(setup.optIn ? 2 : 1, leader.traits);
    this.keys = keys;
    this.id = id;
    this.#leader = leader;
    this.#args = copyOfArgs(leader.args);
    this.#owner = setup.owner;
    this.#optIn = setup.optIn;
    this.#maxCallers = setup.maxCallers;
    this.#awaitsCaching = setup.optIn;
    this.#callers = new Set([leader]);
    leader.heldBy(this.#holder);
  }

  /** Whether a caller may get the outcome of this read: its limits and retries are those of the first one. */
  accepts({ call }: CommandRequest): boolean {
    const own = this.#leader.call;
    const { replyTimeout } = own;
    const age = realTime() - this.since;
    return (
      !this.settled &&
      this.#callers.size < this.#maxCallers &&
      // The server may have executed it at any time since.
      (call.cache.ttl === 0 || age <= call.cache.ttl) &&
      call.replyTimeout === replyTimeout &&
      call.retryReads === own.retryReads &&
      call.retryOnTimeout === own.retryOnTimeout &&
      call.retryOnError === own.retryOnError &&
      (replyTimeout === 0 || age <= replyTimeout * JOIN_PART)
    );
  }

  /** The connection that it was written to. */
  get carrier(): RequestCarrier | undefined {
    return this.#carrier;
  }

  /** Add a caller. */
  join(caller: CommandRequest): void {
    this.#callers.add(caller);
    caller.heldBy(this.#holder);
    if (this.#carrier !== undefined) caller.markWritten(this.#carrier);
  }

  override get name(): string {
    return this.#leader.name;
  }

  override get readOnly(): boolean {
    return this.#leader.readOnly;
  }

  override slot(encoding: BufferEncoding): number {
    return this.#leader.slot(encoding);
  }

  override markWritten(carrier: RequestCarrier): void {
    super.markWritten(carrier);
    this.#carrier = carrier;
    for (const caller of this.#callers) caller.markWritten(carrier);
  }

  override heldBy(holder: RequestHolder): void {
    super.heldBy(holder);
    this.#carrier = undefined;
    for (const caller of this.#callers) caller.heldBy(this.#holder);
  }

  override encode(encoder: Encoder): void {
    const { info } = this.#leader;
    if (this.#optIn) {
      // Before CLIENT CACHING: with invalid arguments nothing must be written.
      encoder.check(info, this.#args);
      encoder.command(CACHING, CACHING.args);
    }
    encoder.command(info, this.#args);
  }

  override check(encoder: Encoder): void {
    encoder.check(this.#leader.info, this.#args);
  }

  override replyMode(): ReplyMode {
    return this.#awaitsCaching ? TEXT : this.#leader.replyMode();
  }

  override acceptReply(value: Reply): boolean {
    if (this.#awaitsCaching) {
      this.#awaitsCaching = false;
      return false;
    }
    if (this.settled) return true;
    this.settled = true;
    if (!this.#refused) this.#owner.onFetched(this, value);
    this.#owner.onFetchEnded(this);
    const isShared = this.#callers.size > 1;
    for (const caller of this.#callers) caller.acceptReply(isShared ? copyReply(value) : value);
    return true;
  }

  override acceptError(error: RedisError): boolean {
    if (this.#awaitsCaching) {
      this.#awaitsCaching = false;
      this.#refused = true;
      return false;
    }
    this.fail(error);
    return true;
  }

  override remainingReplies(): number {
    return this.#awaitsCaching ? 2 : 1;
  }

  override prepareRetry(error: RedisError): boolean {
    if (this.settled || !this.#leader.prepareRetry(error)) return false;
    this.#awaitsCaching = this.#optIn;
    this.#refused = false;
    return true;
  }

  override fail(error: RedisError): void {
    if (this.settled) return;
    this.settled = true;
    this.#owner.onFetchEnded(this);
    let own = error;
    for (const caller of this.#callers) {
      caller.fail(own);
      // An error object has one stack, that of its caller.
      own = deriveError(error, { cause: error.cause, outcome: error.outcome });
    }
  }

  /** A caller has settled before the read: it was aborted, or its timeout has passed. */
  #leave(caller: CommandRequest): void {
    this.#callers.delete(caller);
    if (this.#callers.size !== 0 || this.settled) return;
    this.settled = true;
    this.#owner.onFetchEnded(this);
    this.withdraw();
  }
}
