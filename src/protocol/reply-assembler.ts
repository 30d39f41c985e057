/**
 * Assembly of values into aggregates and delivery of complete replies to the {@link ReplyHandler}. A
 * reply with a value that cannot be represented is delivered once, as that error, never as a value.
 */
import { RedisError } from "../errors.js";
import { Frame } from "./frame.js";
import type { ReplyHandler } from "./parser.js";
import { MapReply, type Reply, SetReply } from "./reply.js";
import { ARRAY, ATTRIBUTE, MAP, PUSH } from "./resp.js";
import { DISCARD_MODE, type ValueBuilder } from "./value-builder.js";

/** Assembles the values of a parser into replies. */
export class ReplyAssembler {
  /** The innermost incomplete aggregate. */
  frame = new Frame();
  /** Whether an attribute precedes the next reply. */
  afterAttribute = false;
  readonly #handler: ReplyHandler;
  readonly #values: ValueBuilder;

  constructor(handler: ReplyHandler, values: ValueBuilder) {
    this.#handler = handler;
    this.#values = values;
  }

  /** Whether a reply is incomplete. */
  get inReply(): boolean {
    return this.frame.depth > 0 || this.afterAttribute;
  }

  /** Start an aggregate of `total` values. */
  open(type: number, total: number): void {
    this.frame = this.frame.open(type, total, this.#values.mode);
    if (type === ATTRIBUTE) this.#values.mode = DISCARD_MODE;
    if (total === 0) this.close();
  }

  /** Add a complete value to the innermost aggregate, or deliver it. */
  emit(value: Reply): void {
    const frame = this.frame;
    if (frame.depth === 0) {
      this.#deliver(value);
    } else {
      frame.items.push(value);
      if (--frame.missing === 0) this.close();
    }
  }

  /** Emit the innermost aggregate, which is complete, and each outer aggregate that it completes. */
  close(): void {
    for (;;) {
      const frame = this.frame;
      const { type, parent: outer } = frame;
      const items = frame.take();
      this.frame = outer;
      if (type === ATTRIBUTE) {
        this.#values.mode = frame.outerMode;
        this.afterAttribute = outer.depth === 0;
        return;
      }
      if (type === PUSH) {
        this.#handler.onPush(items);
        return;
      }
      const value =
        type === ARRAY ? items : type === MAP ? new MapReply(items) : new SetReply(items);
      if (outer.depth === 0) {
        this.#deliver(value);
        return;
      }
      outer.items.push(value);
      if (--outer.missing > 0) return;
    }
  }

  #deliver(value: Reply): void {
    const decodeError = this.#values.takeError();
    if (decodeError !== undefined) this.#handler.onDecodeError(decodeError);
    else if (value instanceof RedisError) this.#handler.onErrorReply(value);
    else this.#handler.onReply(value);
  }
}
