/**
 * Numbered messages on channels and shard channels, and numbered keys as keyspace events, while the cluster changes.
 * The publisher has direct connections. The rules are those of checkMessages() for shard channels and of
 * checkBroadcast() for others.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type KeyEvent, KeyspaceEvents, type PubSub, type RedisCluster } from "../../src/index.js";
import { checkBroadcast } from "./broadcast-messages.js";
import { NumberPublisher } from "./number-publisher.js";
import { checkMessages, type Received } from "./numbered-messages.js";
import { until } from "./until.js";

const CHANNELS = 4;
const INTERVAL_MS = 25;
/** s; keys of keyspace events, each used once. */
const EVENT_TTL = 5;
/** A write is reported once more by a replica that was a primary when it was subscribed to. */
const NODES_PER_SHARD = 2;

/** Counts of a run. */
export interface MessageCounts {
  published: number;
  received: number;
  missing: number;
  gaps: number;
  overtaken: number;
  repeated: number;
  events: number;
  repeatedEvents: number;
}

/** Publishes and receives until it is stopped; `await using` stops it when a test fails. */
export class ClusterSubscriber implements AsyncDisposable {
  readonly #names: readonly string[];
  readonly #shardNames: readonly string[];
  readonly #publisher: RedisCluster;
  readonly #prefix: string;
  readonly #plain: PubSub;
  readonly #sharded: PubSub;
  readonly #events: KeyspaceEvents;
  readonly #received: Received[] = [];
  readonly #shardReceived: Received[] = [];
  /** Greatest number by channel. */
  readonly #last = new Map<string, number>();
  /** Number of key → count of its events. */
  readonly #eventCounts = new Map<number, number>();
  #shardPublisher: NumberPublisher | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #number = 0;
  #published = 0;
  #calmFrom = 1;
  #isStopped = false;

  /**
   * @param client - The client under test.
   * @param publisher - A client whose connections do not fail with the proxies.
   * @param prefix - Prefix of channels and keys.
   */
  constructor(client: RedisCluster, publisher: RedisCluster, prefix: string) {
    this.#publisher = publisher;
    this.#prefix = prefix;
    this.#names = Array.from({ length: CHANNELS }, (_, i) => `${prefix}channel:${i}`);
    this.#shardNames = Array.from({ length: CHANNELS }, (_, i) => `${prefix}shard:${i}`);
    const options = { gapEvents: true, ignoreSubscribeMessages: true } as const;
    this.#plain = client.pubsub(options) as PubSub;
    this.#sharded = client.pubsub(options) as PubSub;
    this.#events = new KeyspaceEvents(client);
  }

  /** Subscribe, and begin to publish. The cluster is whole. */
  async start(): Promise<void> {
    await this.#plain.subscribe(...this.#names);
    await this.#sharded.ssubscribe(...this.#shardNames);
    await this.#events.subscribeEvents({ set: (event: KeyEvent) => this.#onEvent(event.key) });
    this.#shardPublisher = new NumberPublisher(this.#publisher, this.#shardNames, {
      pause: INTERVAL_MS,
    });
    this.#running = Promise.all([
      this.#publish(),
      this.#read(this.#plain, this.#received),
      this.#read(this.#sharded, this.#shardReceived),
    ]);
    this.#running.catch(() => undefined);
  }

  /** What has arrived: the greatest number of each channel, and the number of events. */
  get progress(): Record<string, number> {
    const names = [...this.#names, ...this.#shardNames];
    const last = names.map((name) => [name.slice(this.#prefix.length), this.#last.get(name) ?? 0]);
    return { ...Object.fromEntries(last), events: this.#eventCounts.size };
  }

  /** From now on every number arrives once and in order: there are no faults. */
  beginCalm(): void {
    // Not the next number, which may be on its way.
    this.#calmFrom = this.#number + 2;
  }

  /**
   * Stop publishing, wait for the last messages, and close the subscribers.
   *
   * @throws Error when they do not arrive.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#shardPublisher?.stop();
    const published = [...(this.#shardPublisher?.published ?? [])];
    const ends = new Map(published.map(([name, numbers]) => [name, Math.max(...numbers)]));
    for (const name of this.#names) ends.set(name, this.#number);
    const isComplete = (): boolean =>
      [...ends].every(([name, number]) => (this.#last.get(name) ?? 0) >= number) &&
      this.#eventCounts.has(this.#number);
    const message = () => `the last messages did not arrive: ${JSON.stringify(this.progress)}`;
    await until(isComplete, { message });
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    await Promise.all([this.#plain.close(), this.#sharded.close(), this.#events.close()]);
    await Promise.all([this.#shardPublisher?.stop(), this.#running]);
  }

  /** Check what has arrived, after {@link stop}. */
  check(): { readonly counts: MessageCounts; readonly violations: readonly string[] } {
    const range = { first: this.#calmFrom, last: this.#number };
    const plain = checkBroadcast(this.#received, new Map(this.#names.map((name) => [name, range])));
    const published = this.#shardPublisher?.published ?? new Map<string, number[]>();
    const sharded = checkMessages(published, this.#shardReceived, { mayRepeat: true });
    const events = [...this.#eventCounts.values()];
    const counts = {
      published: [...published.values()].reduce((sum, { length }) => sum + length, this.#published),
      received: plain.received + sharded.received,
      missing: sharded.missing,
      gaps: plain.gaps + sharded.gaps,
      overtaken: plain.overtaken,
      repeated: plain.repeated + sharded.repeated,
      events: events.length,
      repeatedEvents: events.filter((count) => count > 1).length,
    };
    const violations = [
      ...plain.violations.flatMap((one) => [one, this.#surroundings(one, this.#received)]),
      ...sharded.violations.flatMap((one) => [one, this.#surroundings(one, this.#shardReceived)]),
      ...(this.#shardPublisher?.executedTwice ?? []),
      ...this.#checkEvents(),
    ];
    return { counts, violations };
  }

  /** What has arrived on the channel of a violation around its number. */
  #surroundings(violation: string, log: readonly Received[]): string {
    const [, channel, number] = /^(.*): (?:\d+ missing between )?(\d+)/.exec(violation) ?? [];
    const own = log.filter((one) => one.channel === channel || one.channel === null);
    const at = own.findIndex((one) => one.type === "message" && one.number === Number(number));
    const near = own.slice(Math.max(0, at - 5), at + 10);
    return `  ${near.map((one) => (one.type === "gap" ? "gap" : one.number)).join(" ")}`;
  }

  #checkEvents(): string[] {
    const found: string[] = [];
    for (const [number, count] of this.#eventCounts) {
      const most = number >= this.#calmFrom ? 1 : NODES_PER_SHARD;
      if (count > most) found.push(`SET of key ${number} was reported ${count} times`);
    }
    for (let number = this.#calmFrom; number <= this.#number; number++)
      if (!this.#eventCounts.has(number)) found.push(`SET of key ${number} was not reported`);
    return found;
  }

  /** Publish on all channels, wait, and publish the next number. */
  async #publish(): Promise<void> {
    while (!this.#isStopped) {
      const number = ++this.#number;
      const calls = this.#names.map((name) => this.#publisher.publish(name, number));
      const set = this.#publisher.set(`${this.#prefix}event:${number}`, number, { ex: EVENT_TTL });
      const results = await Promise.allSettled([...calls, set]);
      this.#published += results.filter(({ status }) => status === "fulfilled").length;
      await sleep(INTERVAL_MS);
    }
  }

  async #read(pubsub: PubSub, log: Received[]): Promise<void> {
    for await (const { type, channel, data } of pubsub as AsyncIterable<Message>) {
      if (type === "gap") log.push({ type, channel });
      if (!type.endsWith("message") || channel === null) continue;
      const number = Number(data);
      log.push({ type: "message", channel, number });
      this.#last.set(channel, Math.max(number, this.#last.get(channel) ?? 0));
    }
  }

  #onEvent(key: string): void {
    const prefix = `${this.#prefix}event:`;
    if (!key.startsWith(prefix)) return;
    const number = Number(key.slice(prefix.length));
    this.#eventCounts.set(number, (this.#eventCounts.get(number) ?? 0) + 1);
  }
}

/** What a subscriber yields. */
interface Message {
  readonly type: string;
  readonly channel: string | null;
  readonly data?: unknown;
}
