/**
 * A request that is sent again: behind ASKING where a node asks for that, within what is left of its time to
 * wait, and with a notice when it has ended. It mirrors the state of the request that it wraps, so that
 * cancelling that one finds its way to the queue or connection that holds the wrapper.
 */
import { internalCommand } from "../connection/internal-request.js";
import { Request, type RequestCarrier, type RequestHolder } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { Encoder } from "../protocol/encoder.js";
import { type Reply, type ReplyMode, TEXT } from "../protocol/reply.js";

const ASKING = internalCommand("ASKING");

/** How a request is sent again. */
export interface Forwarding {
  /** Whether ASKING precedes it on the wire, in the same piece. */
  readonly asking?: boolean;
  /** Longest wait for a connection in ms; default that of the request. */
  readonly waitTimeout?: number | undefined;
  /** Called once when the request has been answered or has failed. */
  readonly onEnd?: (() => void) | undefined;
}

/** A request on another way. */
export class ForwardedRequest extends Request {
  readonly inner: Request;
  readonly #asking: boolean;
  readonly #waitTimeout: number | undefined;
  #onEnd: (() => void) | undefined;
  #awaitsAsking: boolean;
  #askingError: RedisError | undefined = undefined;

  constructor(inner: Request, { asking = false, waitTimeout, onEnd }: Forwarding) {
    super(inner.size + (asking ? 1 : 0), inner.traits);
    this.inner = inner;
    this.#asking = asking;
    this.#awaitsAsking = asking;
    this.#waitTimeout = waitTimeout;
    this.#onEnd = onEnd;
  }

  /** Return the request itself when it is wrapped. The wrapper has ended then. */
  static unwrap(request: Request): Request {
    if (!(request instanceof ForwardedRequest)) return request;
    request.#end();
    return request.inner;
  }

  /** Whether its slot stays closed until it has ended: it goes before everything that the gate holds. */
  get opensSlot(): boolean {
    return this.#onEnd !== undefined;
  }

  /** Return the request to send in place of this one, which was taken back from a node. It keeps the notice. */
  again(waitTimeout: number | undefined): ForwardedRequest {
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    this.settled = true;
    return new ForwardedRequest(this.inner, { waitTimeout, onEnd });
  }

  /** Whether ASKING precedes it. */
  get writesAsking(): boolean {
    return this.#asking;
  }

  /** Whether the next reply is that of ASKING. */
  get awaitsAsking(): boolean {
    return this.#awaitsAsking;
  }

  /** The error with which ASKING was refused. */
  get askingError(): RedisError | undefined {
    return this.#askingError;
  }

  /** Whether it can go to another node as it is. */
  get isPlain(): boolean {
    return !this.#asking && this.#onEnd === undefined;
  }

  override get name(): string {
    return this.inner.name;
  }

  /** The nodes' limits apply to new requests: one that was accepted must not be rejected half-way. */
  override get admitted(): boolean {
    return true;
  }

  override get waitTimeout(): number {
    return this.#waitTimeout ?? this.inner.waitTimeout;
  }

  override slot(encoding: BufferEncoding): number {
    return this.inner.slot(encoding);
  }

  override get severalKeys(): boolean {
    return this.inner.severalKeys;
  }

  override markWritten(carrier: RequestCarrier): void {
    super.markWritten(carrier);
    this.inner.markWritten(carrier);
  }

  override heldBy(holder: RequestHolder): void {
    super.heldBy(holder);
    this.inner.heldBy({ delete: () => this.#cancel() });
  }

  override released(): void {
    super.released();
    this.inner.released();
  }

  override encode(encoder: Encoder): void {
    // Before ASKING: with invalid arguments nothing must be written.
    if (this.#asking) {
      this.inner.check(encoder);
      encoder.command(ASKING, ASKING.args);
    }
    this.inner.encode(encoder);
  }

  override check(encoder: Encoder): void {
    this.inner.check(encoder);
  }

  override replyMode(): ReplyMode {
    return this.#awaitsAsking ? TEXT : this.inner.replyMode();
  }

  override acceptReply(value: Reply): boolean {
    if (this.#skipAsking()) return false;
    return this.#endIf(this.inner.acceptReply(value));
  }

  override acceptError(error: RedisError): boolean {
    if (this.#skipAsking()) {
      this.#askingError = error;
      return false;
    }
    return this.#endIf(this.inner.acceptError(error));
  }

  override remainingReplies(): number {
    return this.inner.remainingReplies() + (this.#awaitsAsking ? 1 : 0);
  }

  override prepareRetry(error: RedisError): boolean {
    if (this.inner.settled || !this.inner.prepareRetry(error)) return false;
    this.#awaitsAsking = this.#asking;
    return true;
  }

  override fail(error: RedisError): void {
    this.inner.fail(error);
    this.#end();
  }

  /** A refused ASKING needs no handling: the command behind it is refused or redirected then. */
  #skipAsking(): boolean {
    const skips = this.#awaitsAsking;
    this.#awaitsAsking = false;
    return skips;
  }

  #endIf(isLast: boolean): boolean {
    if (isLast) this.#end();
    return isLast;
  }

  #cancel(): void {
    this.settled = true;
    this.withdraw();
    this.#end();
  }

  #end(): void {
    this.settled = true;
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    onEnd?.();
  }
}
