/**
 * Finds out which node serves which slot: asks nodes for CLUSTER SLOTS, one refresh at a time, shared by all
 * callers. It runs only on request, and continues only while requests wait for a better view. The nodes given
 * by the user are never forgotten, and every connection resolves their names again.
 */
import { isPermanent } from "../connection/errors.js";
import { InternalRequest, internalCommand } from "../connection/internal-request.js";
import { RedisClusterException, RedisError } from "../errors.js";
import { EqualJitterBackoff } from "../options/backoff.js";
import type { RetryPolicy } from "../options/retry-policy.js";
import type { Settings } from "../options/types.js";
import type { Reply } from "../protocol/reply.js";
import { sleep } from "../util/abort.js";
import { outsideContext } from "../util/async-context.js";
import { realTime, startTimer, type Timer } from "../util/timers.js";
import { type FoundView, observeRefresh } from "./cluster-events.js";
import type { NodePool } from "./node-pool.js";
import { type AddressRemap, type ClusterView, readView, refusedView } from "./view.js";

const CLUSTER_SLOTS = internalCommand("CLUSTER SLOTS");
/** ms between the end of a refresh and the next one. */
const GAP = 100;
/** ms; pauses while a refresh does not cure the trouble. */
const TROUBLE = new EqualJitterBackoff(500, 50);
/** ms from the end of a pause; a request for a refresh within it shows that the last one cured nothing. */
const RELAPSE = 500;
/** ms; least time between two refreshes that only replace the patches of redirects. */
const RENEWAL = 1000;
/** ms without an answer after which another node is asked as well. */
const HEDGE = 500;

/** The router, as its topology uses it. */
export interface TopologyOwner {
  /** Nodes to ask, the best first. */
  candidates(): NodePool[];
  /** See {@link SlotMap.version}. */
  readonly version: number;
  /** Check the view of a node; throws a RedisClusterException when it cannot be used. */
  check(view: ClusterView, node: NodePool): void;
  /** Use a view; `since` is the version when the refresh began. */
  adopt(view: ClusterView, since: number): void;
  /** Whether requests wait that the present view does not help. */
  readonly troubled: boolean;
  /** A refresh failed; `isFinal`: what waits for one must not wait longer. */
  onRefreshFailed(error: RedisError, isFinal: boolean): void;
}

/** Refreshes the view of a cluster. */
export class Topology {
  readonly #owner: TopologyOwner;
  readonly #settings: Settings;
  /** Policy of repeating a refresh that no node has answered. */
  readonly #retry: RetryPolicy;
  readonly #remap: AddressRemap | undefined;
  readonly #end = new AbortController();
  #wanted = false;
  #running = false;
  /** Moment of `realTime()` before which no refresh starts. */
  #earliest = 0;
  #failures = 0;
  /** Number of refreshes in a row that did not cure the trouble. */
  #futile = 0;
  /** Moment of `realTime()` before which {@link renew} does nothing. */
  #nextRenewal = 0;
  #lastError: RedisError | undefined = undefined;
  #lastAsked: NodePool | undefined = undefined;
  /** Rejects the query that a node's failure ends. */
  readonly #queries = new Map<NodePool, (error: RedisError) => void>();

  constructor(owner: TopologyOwner, settings: Settings, remap: AddressRemap | undefined) {
    this.#owner = owner;
    this.#settings = settings;
    this.#retry = settings.retry.clone();
    this.#remap = remap;
  }

  /** Why the last refresh failed, if none has succeeded since. */
  get lastError(): RedisError | undefined {
    return this.#lastError;
  }

  /** Ask for a refresh; requests during a refresh lead to one more. */
  request(): void {
    this.#wanted = true;
    if (this.#running || this.#end.signal.aborted) return;
    this.#running = true;
    // A refresh serves all callers, so it must not keep the context of the first one.
    outsideContext(() => {
      this.#run().catch((error: unknown) => this.#onBroken(error));
    });
  }

  /**
   * Ask for a refresh after redirects to known nodes, which have patched the map: while many slots move it is not
   * worth more than one per second.
   *
   * @returns Whether it was asked for.
   */
  renew(): boolean {
    const now = realTime();
    if (now < this.#nextRenewal) return false;
    this.#nextRenewal = now + RENEWAL;
    this.request();
    return true;
  }

  /** Ask for a view on behalf of what makes the owner troubled: that of a refresh under way will do. */
  join(): void {
    if (!this.#running) this.request();
  }

  /**
   * End the query to a node whose connection failed: another node is asked at once.
   *
   * @returns Whether there was one. It must not lead to the next refresh, or these would never end.
   */
  onNodeFailed(node: NodePool, error: RedisError): boolean {
    const end = this.#queries.get(node);
    end?.(error);
    return end !== undefined;
  }

  /** Whether a query to a node is under way. */
  asks(node: NodePool): boolean {
    return this.#queries.has(node);
  }

  /** End for good. */
  stop(error: RedisError): void {
    this.#end.abort(error);
    for (const fail of [...this.#queries.values()]) fail(error);
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    // A node reports its failure in the middle of a decision of its pool.
    await Promise.resolve();
    while (this.#wanted && !signal.aborted) {
      const pause = this.#earliest - realTime();
      if (pause > 0) await sleep(pause, signal);
      this.#wanted = false;
      this.#futile = realTime() - this.#earliest < RELAPSE ? this.#futile + 1 : 0;
      await this.#refresh();
      if (this.#owner.troubled) this.#wanted = true;
    }
    this.#running = false;
  }

  async #refresh(): Promise<void> {
    const since = this.#owner.version;
    try {
      const { db } = this.#settings;
      const { view, node } = await observeRefresh(db, () => this.#firstView(this.#candidates()));
      this.#lastAsked = node;
      this.#failures = 0;
      this.#lastError = undefined;
      this.#owner.adopt(view, since);
      this.#pause(this.#futile === 0 ? GAP : TROUBLE.compute(this.#futile));
    } catch (error) {
      if (this.#end.signal.aborted || !(error instanceof RedisError)) throw error;
      this.#onFailed(error);
    }
  }

  #onFailed(error: RedisError): void {
    this.#lastError = error;
    const next = this.#retry.next(++this.#failures, firstCause(error));
    const isFinal = typeof next !== "number" || isPermanentFailure(error);
    this.#pause(typeof next === "number" ? next : GAP);
    if (typeof next !== "number") this.#failures = 0;
    this.#owner.onRefreshFailed(error, isFinal);
  }

  #onBroken(error: unknown): void {
    this.#running = false;
    if (this.#end.signal.aborted) return;
    const details = { cause: error };
    const broken = new RedisClusterException("The refresh of the cluster's slots failed", details);
    this.#lastError = error instanceof RedisError ? error : broken;
    this.#owner.onRefreshFailed(this.#lastError, true);
  }

  #pause(duration: number): void {
    this.#earliest = realTime() + duration;
  }

  /** Not the same node first twice in a row: one with a stale view is outvoted by the next. */
  #candidates(): NodePool[] {
    const nodes = this.#owner.candidates();
    const last = this.#lastAsked;
    if (last === undefined || nodes[0] !== last) return nodes;
    return [...nodes.slice(1), last];
  }

  /** Ask one node after the other until one returns a view; a slow one does not hold up the next. */
  #firstView(candidates: readonly NodePool[]): Promise<FoundView> {
    return new Promise((resolve, reject) => {
      const errors: RedisError[] = [];
      const open = new Set<NodePool>();
      const queue = [...candidates];
      let timer: Timer | undefined;
      let isDone = false;
      const finish = (settle: () => void): void => {
        isDone = true;
        timer?.cancel();
        settle();
      };
      const askNext = (): void => {
        timer?.cancel();
        const node = queue.shift();
        if (node === undefined) {
          if (open.size === 0) finish(() => reject(noViewError(errors)));
          return;
        }
        open.add(node);
        timer = startTimer(HEDGE, askNext);
        this.#query(node).then(
          (view) => {
            if (!isDone) finish(() => resolve({ view, node }));
          },
          (error: RedisError) => {
            open.delete(node);
            errors.push(named(error, node));
            if (!isDone) askNext();
          },
        );
      };
      askNext();
    });
  }

  /** Ask one node. */
  async #query(node: NodePool): Promise<ClusterView> {
    const reply = await this.#send(node);
    if (reply instanceof RedisError) throw refusedView(reply, node.address);
    const view = readView(reply, node.address, this.#remap);
    this.#owner.check(view, node);
    return view;
  }

  #send(node: NodePool): Promise<Reply> {
    const { socketTimeout: queryTimeout } = this.#settings;
    const traits = { replyTimeout: queryTimeout, waitTimeout: queryTimeout };
    return new Promise((resolve, reject) => {
      const done = ([reply = null]: Reply[]): void => {
        this.#queries.delete(node);
        resolve(reply);
      };
      const failed = (error: RedisError): void => {
        this.#queries.delete(node);
        reject(error);
      };
      const request = new InternalRequest([CLUSTER_SLOTS], traits, { done, failed });
      this.#queries.set(node, (error) => {
        if (request.settled) return;
        request.fail(error);
        request.withdraw();
      });
      node.pool.execute(request);
    });
  }
}

function named(error: RedisError, { name }: NodePool): RedisError {
  error.server ??= name;
  return error;
}

/** Create the error when every node has failed to return its view. Its class can be derived from, per request. */
function noViewError(answers: readonly RedisError[]): RedisClusterException {
  const texts = answers.map(({ server, message }) =>
    message.startsWith(`${server}: `) ? message : `${server}: ${message}`,
  );
  const cause = new AggregateError(answers, "CLUSTER SLOTS failed");
  const message = `No node of the cluster returned its slots: ${texts.join("; ")}`;
  return new RedisClusterException(message, { cause });
}

/** Return the error of each node. */
function answersOf({ cause }: RedisError): readonly RedisError[] {
  return (Object(cause) as Partial<AggregateError>).errors ?? [];
}

/** Return the error that a retry policy is asked about. */
function firstCause(error: RedisError): RedisError {
  return answersOf(error)[0] ?? error;
}

/** Whether waiting cannot mend what any of the nodes answered. */
function isPermanentFailure(error: RedisError): boolean {
  const answers = answersOf(error);
  return answers.length !== 0 && answers.every(isRefusal);
}

function isRefusal(error: RedisError): boolean {
  return error instanceof RedisClusterException || isPermanent(error);
}
