/**
 * Owns the way of finished values: into the aggregate they belong to, and of whole replies to the
 * {@link ReplyHandler}. Knows no bytes. A reply of which something could not be represented goes out as
 * that error, once, and never as a value.
 */
import { RedisError } from "../errors.js";
import { Frame } from "./frame.js";
import type { ReplyHandler } from "./parser.js";
import { MapReply, type Reply, SetReply } from "./reply.js";
import { ARRAY, ATTRIBUTE, MAP, PUSH } from "./resp.js";
import { FORGOTTEN, type ValueBuilder } from "./value-builder.js";

/** Puts the values of a parser together. */
export class ReplyAssembler {
  /** The innermost aggregate being filled. */
  frame = new Frame();
  /** Whether an attribute stands before the next reply. */
  attributed = false;
  readonly #handler: ReplyHandler;
  readonly #values: ValueBuilder;

  constructor(handler: ReplyHandler, values: ValueBuilder) {
    this.#handler = handler;
    this.#values = values;
  }

  /** Whether a reply has begun. */
  get begun(): boolean {
    return this.frame.depth > 0 || this.attributed;
  }

  /** Begin an aggregate of `total` values. */
  open(type: number, total: number): void {
    this.frame = this.frame.open(type, total, this.#values.mode);
    if (type === ATTRIBUTE) this.#values.mode = FORGOTTEN;
    if (total === 0) this.close();
  }

  /** Hand a finished value to the aggregate it belongs to, or to the handler. */
  emit(value: Reply): void {
    const frame = this.frame;
    if (frame.depth === 0) {
      this.#deliver(value);
    } else {
      frame.items.push(value);
      if (--frame.left === 0) this.close();
    }
  }

  /** Hand on the innermost aggregate, which is complete, and every other one completed by it. */
  close(): void {
    for (;;) {
      const frame = this.frame;
      const { type, parent: outer } = frame;
      const items = frame.take();
      this.frame = outer;
      if (type === ATTRIBUTE) {
        this.#values.mode = frame.outerMode;
        this.attributed = outer.depth === 0;
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
      if (--outer.left > 0) return;
    }
  }

  #deliver(value: Reply): void {
    const decodeError = this.#values.takeError();
    if (decodeError !== undefined) this.#handler.onDecodeError(decodeError);
    else if (value instanceof RedisError) this.#handler.onErrorReply(value);
    else this.#handler.onReply(value);
  }
}
