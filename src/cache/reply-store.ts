/**
 * The replies of a cache: bounded by number and by memory, the least recently used goes first. Removing an item removes
 * it from every key, so that nothing grows with the number of keys that were read. Pure.
 */
import type { Reply } from "../protocol/reply.js";
import { copyFlat, copyReply, isFlat, ownReply, sizeOfReply } from "./copy-reply.js";
import { type CallIdentity, KeyIndex } from "./key-index.js";
import { ownText } from "./own-text.js";

/** Approximate memory in bytes of an item without its keys and its reply, and of one key. */
const ITEM_BYTES = 200;
const KEY_BYTES = 56;

/** A reply larger than this part of the limit would displace too many others. */
const LARGEST_PART = 16;

/** A kept reply; `L` is where it came from. */
export class KeptReply<L = unknown> implements CallIdentity {
  readonly keys: readonly string[];
  readonly id: string;
  readonly lane: L;
  /** Moment of `realTime()`. */
  readonly since: number;
  readonly bytes: number;
  newer: KeptReply<L> | undefined = undefined;
  older: KeptReply<L> | undefined = undefined;
  readonly #reply: Reply;
  readonly #isFlat: boolean;

  constructor({ keys, id }: CallIdentity, { reply, lane, since }: Received<L>, bytes: number) {
    this.keys = keys.map(ownText);
    this.id = ownText(id);
    this.#reply = ownReply(reply);
    this.#isFlat = isFlat(reply);
    this.lane = lane;
    this.since = since;
    this.bytes = bytes;
  }

  /** Return a copy of the reply, which the caller may change. */
  get reply(): Reply {
    return this.#isFlat ? copyFlat(this.#reply) : copyReply(this.#reply);
  }
}

/** Return the approximate memory of a reply with its keys; `Infinity` for one that must not be kept. */
function sizeOf({ keys, id }: CallIdentity, reply: Reply): number {
  let bytes = ITEM_BYTES + id.length + sizeOfReply(reply);
  for (const key of keys) bytes += KEY_BYTES + key.length;
  return bytes;
}

/** A reply that was received. */
export interface Received<L> {
  readonly reply: Reply;
  readonly lane: L;
  /** Moment of `realTime()`. */
  readonly since: number;
}

/** Limits of a {@link ReplyStore}. */
export interface StoreLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/** Replies by call, in the order of their last use. */
export class ReplyStore<L> {
  readonly #limits: StoreLimits;
  readonly #index = new KeyIndex<KeptReply<L>>();
  #newest: KeptReply<L> | undefined = undefined;
  #oldest: KeptReply<L> | undefined = undefined;
  #entries = 0;
  #bytes = 0;
  #evictions = 0;

  constructor(limits: StoreLimits) {
    this.#limits = limits;
  }

  /** Number of replies. */
  get entries(): number {
    return this.#entries;
  }

  /** Their approximate memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of replies that were removed because of the limits. */
  get evictions(): number {
    return this.#evictions;
  }

  /** Return the reply of a call. */
  find(call: CallIdentity): KeptReply<L> | undefined {
    return this.#index.find(call);
  }

  /** Record that a reply was used. */
  touch(kept: KeptReply<L>): void {
    if (kept === this.#newest) return;
    this.#unlink(kept);
    this.#link(kept);
  }

  /** Keep a copy of a reply, in place of an earlier one of the same call; return `false` when it is too large. */
  add(call: CallIdentity, received: Received<L>): boolean {
    const former = this.#index.find(call);
    if (former !== undefined) this.remove(former);
    const { maxEntries, maxBytes } = this.#limits;
    const bytes = sizeOf(call, received.reply);
    if (bytes > maxBytes / LARGEST_PART) return false;
    const kept = new KeptReply(call, received, bytes);
    this.#index.add(kept);
    this.#link(kept);
    this.#entries++;
    this.#bytes += kept.bytes;
    while (this.#entries > maxEntries || this.#bytes > maxBytes) {
      this.remove(this.#oldest as KeptReply<L>);
      this.#evictions++;
    }
    return true;
  }

  /** Remove a reply. */
  remove(kept: KeptReply<L>): void {
    this.#index.remove(kept);
    this.#unlink(kept);
    this.#entries--;
    this.#bytes -= kept.bytes;
  }

  /** Remove the replies of a key; return whether there were any. */
  removeKey(key: string): boolean {
    const all = this.#index.of(key);
    for (const kept of all) this.remove(kept);
    return all.length !== 0;
  }

  /** Remove the replies that came from somewhere. */
  removeLane(lane: L): void {
    for (let kept = this.#oldest; kept !== undefined; ) {
      const { newer } = kept;
      if (kept.lane === lane) this.remove(kept);
      kept = newer;
    }
  }

  /** Remove all replies. */
  clear(): void {
    this.#index.clear();
    this.#newest = undefined;
    this.#oldest = undefined;
    this.#entries = 0;
    this.#bytes = 0;
  }

  #link(kept: KeptReply<L>): void {
    kept.older = this.#newest;
    if (this.#newest !== undefined) this.#newest.newer = kept;
    this.#newest = kept;
    this.#oldest ??= kept;
  }

  #unlink(kept: KeptReply<L>): void {
    const { newer, older } = kept;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    kept.newer = undefined;
    kept.older = undefined;
  }
}
