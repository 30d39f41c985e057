/**
 * The cache of one client: replies of reads, reads under way, and own writes without an answer. Invariant: what it
 * returns is never older than the last change that the server reported, nor than the last own write that was answered.
 * So a reply is kept only if its connection still reports changes, and if, from the call of the read to its reply,
 * neither was a change of its keys reported nor was an own write of them under way.
 */
import type { Request } from "../connection/request.js";
import type { CallSettings } from "../execution/call-settings.js";
import { type CommandRequest, replyModeOf } from "../execution/command-request.js";
import type { Command } from "../execution/executor.js";
import type { CacheSettings } from "../options/cache.js";
import type { EncoderOptions } from "../protocol/encoder.js";
import { BYTES, type Reply } from "../protocol/reply.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import { realTime } from "../util/timers.js";
import { reportLookup, reportRemoval } from "./cache-events.js";
import { CallIdentities } from "./call-identities.js";
import { type FetchOwner, FetchRequest } from "./fetch-request.js";
import { type CallIdentity, KeyIndex } from "./key-index.js";
import { KeyText } from "./key-text.js";
import { type Lane, type LaneListener, type LaneSettings, Lanes } from "./lanes.js";
import { PendingWrites, type TouchedKeys } from "./pending-writes.js";
import { type KeptReply, ReplyStore } from "./reply-store.js";
import { touchedKeys } from "./touched-keys.js";

/** Counts of a cache since its client was created, and its present size. */
export interface CacheStats {
  /** Calls that were answered from the cache. */
  readonly hits: number;
  /** Calls that were sent to the server. */
  readonly misses: number;
  /** Calls that got the reply of a read that was under way. */
  readonly shared: number;
  /** Replies that were removed to keep the limits. */
  readonly evictions: number;
  /** Keys that the server has reported as changed. */
  readonly invalidations: number;
  /** How often all replies, or all of one connection, were removed. */
  readonly flushes: number;
  /** Number of replies. */
  readonly entries: number;
  /** Approximate memory of the replies in bytes, keys included. */
  readonly bytes: number;
}

/** The settings of a client that its cache needs. */
export interface ReadCacheSettings extends LaneSettings, EncoderOptions {
  readonly cache: CacheSettings;
  readonly maxPendingCommands: number;
}

/** Answers reads from kept replies; sends the others. */
export class ReadCache implements FetchOwner, LaneListener {
  readonly #identities: CallIdentities;
  readonly #text: KeyText;
  readonly #optIn: boolean;
  readonly #maxCallers: number;
  readonly #store: ReplyStore<Lane>;
  /** Reads under way that are current. */
  readonly #fetches = new KeyIndex<FetchRequest>();
  readonly #currentFetches = new Set<FetchRequest>();
  readonly #writes = new PendingWrites();
  readonly #lanes: Lanes;
  readonly #send: (request: Request) => void;
  #hits = 0;
  #misses = 0;
  #shared = 0;
  #invalidations = 0;
  #flushes = 0;

  /** @param send - Executes a request on a shared connection of the client. */
  constructor(settings: ReadCacheSettings, send: (request: Request) => void) {
    const { cache } = settings;
    this.#identities = new CallIdentities(cache, settings);
    this.#text = new KeyText(settings);
    this.#optIn = cache.mode === "opt-in";
    this.#maxCallers = settings.maxPendingCommands;
    this.#store = new ReplyStore(cache);
    this.#lanes = new Lanes(settings, this);
    this.#send = send;
  }

  /** Follows the shared connections of the client. */
  get lanes(): Lanes {
    return this.#lanes;
  }

  get stats(): CacheStats {
    const { entries, bytes, evictions } = this.#store;
    return {
      hits: this.#hits,
      misses: this.#misses,
      shared: this.#shared,
      evictions,
      invalidations: this.#invalidations,
      flushes: this.#flushes,
      entries,
      bytes,
    };
  }

  /** Return the value of a read that is kept, without a request; `undefined` when there is none. */
  answer({ info, args, decode }: Command, call: CallSettings): Promise<unknown> | undefined {
    const mode = replyModeOf(info, call);
    const identity = this.#identities.of(info, args, mode);
    const reply = identity && this.#find(identity, info.name, call);
    if (reply === undefined) return undefined;
    if (decode === undefined) return Promise.resolve(reply);
    try {
      const context = (mode & BYTES) === 0 ? call.textContext : call.bytesContext;
      return Promise.resolve(decode(reply, context));
    } catch (error) {
      return rejectWithCallerStack(error);
    }
  }

  /**
   * Execute a read, if its reply may be kept.
   *
   * @returns Whether it is executed; the caller must send it otherwise.
   * @throws DataError when the caller's function `cacheable` throws.
   */
  execute(request: CommandRequest): boolean {
    const { info, args, call } = request;
    const identity = this.#identities.of(info, args, request.replyMode());
    if (identity === undefined) return false;
    const reply = this.#find(identity, info.name, call);
    if (reply !== undefined) return request.acceptReply(reply);
    return this.#join(request, identity) || this.#fetch(request, identity);
  }

  /** Drop what commands of a request may change, until it has settled. */
  observe(request: Request): void {
    const keys = touchedKeys(request.commands(), this.#text);
    if (keys.length === 0) return;
    this.#writes.begin(keys);
    this.#drop(keys);
    request.onceSettled(() => this.#writes.end(keys));
  }

  /** Remove all replies; reads under way are not kept. */
  clear(): void {
    this.#flushes++;
    reportRemoval("flush", this.#store.entries);
    this.#store.clear();
    for (const fetch of [...this.#currentFetches]) this.#detach(fetch);
  }

  // -- called by reads and connections -----------------------------------------------------------

  onFetched(fetch: FetchRequest, reply: Reply): void {
    const lane = fetch.carrier === undefined ? undefined : this.#lanes.of(fetch.carrier);
    if (!fetch.isCurrent || lane?.tracking !== true) return;
    const { evictions } = this.#store;
    this.#store.add(fetch, { reply, lane, since: fetch.since });
    const evicted = this.#store.evictions - evictions;
    if (evicted !== 0) reportRemoval("eviction", evicted);
  }

  onFetchEnded(fetch: FetchRequest): void {
    this.#detach(fetch);
  }

  onInvalidated(keys: readonly string[] | null): void {
    if (keys === null) return this.clear();
    this.#invalidations += keys.length;
    reportRemoval("invalidation", keys.length);
    this.#drop(keys);
  }

  onLost(lane: Lane): void {
    const { entries } = this.#store;
    this.#store.removeLane(lane);
    this.#flushes++;
    reportRemoval("flush", entries - this.#store.entries);
  }

  // -- reads -------------------------------------------------------------------------------------

  /** Return a copy of the reply that is kept for a call. */
  #find(identity: CallIdentity, command: string, { cache }: CallSettings): Reply | undefined {
    const kept = this.#store.find(identity);
    if (kept === undefined || !this.#isUsable(kept, cache.ttl)) return undefined;
    this.#hits++;
    this.#store.touch(kept);
    reportLookup("hit", command);
    return kept.reply;
  }

  #isUsable({ since, lane }: KeptReply<Lane>, ttl: number): boolean {
    const now = realTime();
    return (ttl === 0 || now - since <= ttl) && lane.isFresh(now);
  }

  #join(request: CommandRequest, identity: CallIdentity): boolean {
    const fetch = this.#fetches.find(identity);
    if (fetch?.accepts(request) !== true) return false;
    this.#shared++;
    reportLookup("shared", request.name);
    fetch.join(request);
    return true;
  }

  #fetch(request: CommandRequest, identity: CallIdentity): boolean {
    if (!this.#identities.allows(request)) return false;
    this.#misses++;
    reportLookup("miss", request.name);
    const fetch = new FetchRequest(request, identity, {
      owner: this,
      optIn: this.#optIn,
      maxCallers: this.#maxCallers,
    });
    const isFirst = this.#fetches.find(identity) === undefined;
    fetch.isCurrent = isFirst && !this.#writes.affect(identity.keys);
    if (fetch.isCurrent) {
      this.#fetches.add(fetch);
      this.#currentFetches.add(fetch);
    }
    this.#send(fetch);
    return true;
  }

  #drop(keys: TouchedKeys): void {
    if (keys === "all") return this.clear();
    for (const key of keys) {
      this.#store.removeKey(key);
      for (const fetch of this.#fetches.of(key)) this.#detach(fetch);
    }
  }

  /** The read goes on for its callers. */
  #detach(fetch: FetchRequest): void {
    if (!fetch.isCurrent) return;
    fetch.isCurrent = false;
    this.#fetches.remove(fetch);
    this.#currentFetches.delete(fetch);
  }
}
