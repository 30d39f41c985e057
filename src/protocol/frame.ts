/**
 * One nesting level of a reply: an incomplete aggregate. It keeps no items after the aggregate is
 * complete, and allocates nothing for items before they arrive.
 */
import { type Reply, type ReplyMode, TEXT } from "./reply.js";

const NO_ITEMS: Reply[] = [];

/** An incomplete aggregate. Frames form a chain with one reusable frame per depth. */
export class Frame {
  readonly parent: Frame;
  /** 0 for the frame outside all aggregates. */
  readonly depth: number;
  /** Type byte of the aggregate. */
  type = 0;
  /** Number of missing items. */
  missing = 0;
  items: Reply[] = NO_ITEMS;
  /** Mode to restore at the end. */
  outerMode: ReplyMode = TEXT;
  #child: Frame | undefined;

  constructor(parent?: Frame) {
    this.parent = parent ?? this;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  /** Start an aggregate inside this one. */
  open(type: number, count: number, outerMode: ReplyMode): Frame {
    this.#child ??= new Frame(this);
    const frame = this.#child;
    frame.type = type;
    frame.missing = count;
    frame.items = [];
    frame.outerMode = outerMode;
    return frame;
  }

  /** Remove and return the items. */
  take(): Reply[] {
    const { items } = this;
    this.items = NO_ITEMS;
    return items;
  }
}
