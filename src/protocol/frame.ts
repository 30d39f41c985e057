/**
 * Owns one level of nesting: an aggregate being filled. What it holds of a reply it gives up when the
 * reply is complete; nothing is allocated for items before they arrive.
 */
import { type Reply, type ReplyMode, TEXT } from "./reply.js";

const NO_ITEMS: Reply[] = [];

/** An aggregate being filled. Frames form a chain, made once per depth and used again. */
export class Frame {
  readonly parent: Frame;
  /** 0 for the frame outside of all aggregates. */
  readonly depth: number;
  /** The aggregate's type byte. */
  type = 0;
  /** Items still to come. */
  left = 0;
  items: Reply[] = NO_ITEMS;
  /** The mode to go back to at the end. */
  outerMode: ReplyMode = TEXT;
  #child: Frame | undefined;

  constructor(parent?: Frame) {
    this.parent = parent ?? this;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  /** Begin an aggregate inside this one. */
  open(type: number, left: number, outerMode: ReplyMode): Frame {
    this.#child ??= new Frame(this);
    const frame = this.#child;
    frame.type = type;
    frame.left = left;
    frame.items = [];
    frame.outerMode = outerMode;
    return frame;
  }

  /** End the aggregate. */
  take(): Reply[] {
    const { items } = this;
    this.items = NO_ITEMS;
    return items;
  }
}
