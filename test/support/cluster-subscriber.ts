/**
 * Numbered messages on channels, shard channels and as keyspace events, while the cluster changes: none arrives
 * twice, and on a shard channel a gap is reported where one is missing. The publisher has direct connections.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type KeyEvent, KeyspaceEvents, type PubSub, type RedisCluster } from "../../src/index.js";
import type { ProxiedCluster } from "./cluster-faults.js";

const CHANNELS = 6;
const INTERVAL_MS = 10;
/** Keys of keyspace events, each used once. */
const EVENT_TTL = 5;

/** What is known about one channel. */
interface Channel {
  /** Numbers whose PUBLISH has not been answered with success: they may be missing. */
  readonly failed: Set<number>;
  last: number;
  hasGap: boolean;
}

/** Counts of a run. */
export interface MessageCounts {
  published: number;
  received: number;
  missing: number;
  gaps: number;
  events: number;
}

/** Publishes and receives until it is stopped. */
export class ClusterSubscriber {
  readonly counts: MessageCounts = { published: 0, received: 0, missing: 0, gaps: 0, events: 0 };
  readonly violations: string[] = [];
  readonly #channels = new Map<string, Channel>();
  readonly #publisher: RedisCluster;
  readonly #prefix: string;
  readonly #sharded: PubSub;
  readonly #plain: PubSub;
  readonly #events: KeyspaceEvents;
  readonly #eventKeys = new Set<string>();
  #running: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  /**
   * @param client - The client under test.
   * @param publisher - A client whose connections do not fail with the proxies.
   * @param prefix - Prefix of channels and keys.
   */
  constructor(client: RedisCluster, publisher: RedisCluster, prefix: string) {
    this.#publisher = publisher;
    this.#prefix = prefix;
    const options = { gapEvents: true, ignoreSubscribeMessages: true } as const;
    this.#sharded = client.pubsub(options) as PubSub;
    this.#plain = client.pubsub(options) as PubSub;
    this.#events = new KeyspaceEvents(client);
  }

  /** Subscribe, and begin to publish. The cluster is whole. */
  async start(): Promise<void> {
    const names = Array.from({ length: CHANNELS }, (_, i) => `${this.#prefix}channel:${i}`);
    for (const name of names.flatMap((one) => [one, `shard ${one}`]))
      this.#channels.set(name, { failed: new Set(), last: 0, hasGap: false });
    await this.#plain.subscribe(...names);
    await this.#sharded.ssubscribe(...names.map((name) => `shard ${name}`));
    await this.#events.subscribeEvents({ set: (event: KeyEvent) => this.#onEvent(event.key) });
    const reading = [this.#read(this.#plain), this.#read(this.#sharded)];
    this.#running = Promise.all([this.#publish(names), ...reading]);
    this.#running.catch(() => undefined);
  }

  /** Stop publishing, and close the subscribers. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([this.#plain.close(), this.#sharded.close(), this.#events.close()]);
    await this.#running;
  }

  async #publish(names: readonly string[]): Promise<void> {
    for (let number = 1; !this.#isStopped; number++) {
      const calls = names.flatMap((name) => [
        this.#send(name, number, () => this.#publisher.publish(name, number)),
        this.#send(`shard ${name}`, number, () =>
          this.#publisher.spublish(`shard ${name}`, number),
        ),
      ]);
      const key = `${this.#prefix}event:${number}`;
      const set = this.#publisher.set(key, number, { ex: EVENT_TTL }).catch(() => undefined);
      await Promise.all([...calls, set]);
      await sleep(INTERVAL_MS);
    }
  }

  async #send(name: string, number: number, publish: () => Promise<number>): Promise<void> {
    const { failed } = this.#channels.get(name) as Channel;
    failed.add(number);
    try {
      await publish();
      failed.delete(number);
      this.counts.published++;
    } catch {
      // The number may arrive, or be missing.
    }
  }

  async #read(pubsub: PubSub): Promise<void> {
    for await (const message of pubsub as AsyncIterable<Message>) {
      if (message.type === "gap") this.#onGap(message.channel);
      else if (message.type.endsWith("message"))
        this.#onNumber(String(message.channel), Number(message.data));
    }
  }

  #onGap(name: string | null): void {
    this.counts.gaps++;
    for (const [channel, state] of this.#channels)
      if (name === null || name === channel) state.hasGap = true;
  }

  #onNumber(name: string, number: number): void {
    const state = this.#channels.get(name) as Channel;
    this.counts.received++;
    if (number <= state.last) this.violations.push(`${name}: ${number} after ${state.last}`);
    const missing = this.#missing(state, number);
    this.counts.missing += missing.length;
    // Nodes lose plain messages among themselves, without a notice to the subscriber.
    const isCovered = state.hasGap || !name.startsWith("shard ");
    if (missing.length !== 0 && !isCovered)
      this.violations.push(`${name}: ${missing} missing without a gap`);
    state.last = Math.max(state.last, number);
    state.hasGap = false;
  }

  #missing({ failed, last }: Channel, number: number): number[] {
    const missing: number[] = [];
    for (let i = last + 1; i < number; i++) if (!failed.has(i)) missing.push(i);
    return missing;
  }

  #onEvent(key: string): void {
    if (!key.startsWith(`${this.#prefix}event:`)) return;
    this.counts.events++;
    if (this.#eventKeys.has(key)) this.violations.push(`${key}: two events of one SET`);
    this.#eventKeys.add(key);
  }
}

/** What a subscriber yields. */
interface Message {
  readonly type: string;
  readonly channel: string | null;
  readonly data?: unknown;
}

/** A client with direct connections. */
export function directClient(
  Cluster: typeof RedisCluster,
  { servers }: ProxiedCluster,
): RedisCluster {
  return new Cluster({ startupNodes: servers.addresses }) as RedisCluster;
}
