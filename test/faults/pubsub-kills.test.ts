/** A subscriber whose connection is killed repeatedly: its subscriptions, and the messages it missed. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { type PubSub, Redis, Retry } from "../../src/index.js";
import { ConstantBackoff } from "../../src/options/backoff.js";
import { type FaultProxy, startProxy } from "../support/fault-proxy.js";
import { describeProtocols } from "../support/protocols.js";
import { Random, testSeed } from "../support/random.js";
import { type RunningServer, startServer } from "../support/server.js";
import { until } from "../support/until.js";

const KILLS = 100;
/** Bytes of about two messages, so that a cut can happen anywhere in a message. */
const MESSAGES_BYTES = 300;
const OTHERS = ["x0", "x1", "x2", "x3", "x4"];

/** Numbers in the order of arrival, and `null` where the subscriber reports a possible gap. */
type Track = (number | null)[];

/** Return the errors in a track: numbers must grow, by one except after a gap. */
function errorsIn(track: Track): string[] {
  const faults: string[] = [];
  let [last, gap] = [0, false];
  for (const item of track) {
    const fits = item === null || (gap ? item > last : item === last + 1);
    if (!fits) faults.push(`${item} behind ${last}`);
    gap = item === null;
    last = item ?? last;
  }
  return faults;
}

/** Count the holes: consecutive missing numbers are one hole. */
function holesOf(numbers: readonly number[]): number {
  return numbers.filter((number, i) => number !== (i === 0 ? 1 : (numbers[i - 1] ?? 0) + 1)).length;
}

/** One subscriber behind a proxy, one publisher of numbers. */
class Trial implements AsyncDisposable {
  readonly random = new Random(testSeed());
  readonly read: Track = [];
  readonly handled: number[] = [];
  /** Channels that should be subscribed to after the calls so far. */
  readonly wanted = new Set(["read", "handled"]);
  reconnections = 0;
  published = 0;
  readonly pubsub: PubSub;
  readonly #server: RunningServer;
  readonly #proxy: FaultProxy;
  readonly #subscribing: Redis;
  readonly #publishing: Redis;
  #reading: Promise<void> | undefined;

  constructor(server: RunningServer, proxy: FaultProxy, protocol: 2 | 3) {
    this.#server = server;
    this.#proxy = proxy;
    // A connection attempt can be cut too, several times in a row.
    const retry = new Retry(new ConstantBackoff(1), 20);
    this.#subscribing = new Redis(proxy.url, { protocol, retry });
    this.#publishing = new Redis(server.url, { protocol });
    this.pubsub = this.#subscribing.pubsub({
      gapEvents: true,
      ignoreSubscribeMessages: true,
      retry: new Retry(new ConstantBackoff(1), -1),
      onReconnect: () => void this.reconnections++,
    }) as PubSub;
  }

  async begin(): Promise<void> {
    await this.pubsub.subscribe("read", { handled: ({ data }) => this.handled.push(Number(data)) });
    await this.pubsub.psubscribe("p*");
    await this.pubsub.ssubscribe("shard");
    this.#reading = this.#readAll();
  }

  async #readAll(): Promise<void> {
    for await (const { type, data } of this.pubsub) {
      this.read.push((type as string) === "gap" ? null : Number(data));
    }
  }

  /** Publish some more numbers. The caller does not wait. */
  publish(): Promise<unknown> {
    const pipeline = this.#publishing.pipeline({ transaction: false });
    for (let left = this.random.int(1, 10); left > 0; left--) {
      const number = ++this.published;
      pipeline.publish("read", number).publish("handled", number);
    }
    return pipeline.exec();
  }

  /** End the connection now, or within the next bytes from the server. */
  async kill(): Promise<void> {
    const how = this.random.chance(0.5) ? "rst" : "fin";
    const way = this.random.int(0, 3);
    if (way === 0) await this.#server.command("CLIENT", "KILL", "TYPE", "pubsub");
    else if (way === 1) this.#proxy.cutAll(how);
    else this.#proxy.down.cutAfter(this.random.int(0, MESSAGES_BYTES), { how });
  }

  /** Subscribe or unsubscribe one channel, whether connected or not. */
  change(): Promise<void> {
    const name = this.random.pick(OTHERS);
    if (this.random.chance(0.5)) {
      this.wanted.add(name);
      return this.pubsub.subscribe(name);
    }
    this.wanted.delete(name);
    return this.pubsub.unsubscribe(name);
  }

  /** Return the subscriptions on the server. */
  async subscriptions(): Promise<unknown> {
    const [channels, patterns, shards] = await Promise.all([
      this.#server.command("PUBSUB", "CHANNELS"),
      this.#server.command("PUBSUB", "NUMPAT"),
      this.#server.command("PUBSUB", "SHARDCHANNELS"),
    ]);
    return [(channels as string[]).toSorted(), patterns, shards];
  }

  async end(): Promise<void> {
    this.published++;
    const count = await this.#publishing.publish("read", this.published);
    await this.#publishing.publish("handled", this.published);
    expect(count).toBe(1);
    await until(() => this.handled.at(-1) === this.published);
    await until(() => this.read.at(-1) === this.published);
    await this.pubsub.close();
    await this.#reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pubsub.close();
    await this.#subscribing.close();
    await this.#publishing.close();
  }
}

describeProtocols("a subscriber killed again and again", (protocol) => {
  it("keeps its subscriptions and the order, and misses messages only during outages", async () => {
    await using server = await startServer();
    await using proxy = await startProxy(server);
    await using trial = new Trial(server, proxy, protocol);
    const { random, pubsub } = trial;
    const seed = `TEST_SEED=${random.seed}`;
    await trial.begin();
    for (let kill = 1; kill <= KILLS; kill++) {
      const changes = [trial.change(), trial.change()];
      const published = [trial.publish()];
      for (let turns = random.int(0, 5); turns > 0; turns--) await nextTurn();
      await trial.kill();
      changes.push(trial.change());
      while (trial.reconnections < kill) {
        published.push(trial.publish());
        await published.at(-1);
      }
      await Promise.all([...changes, ...published]);
      expect(trial.reconnections, seed).toBe(kill);
      const wanted = [[...trial.wanted].toSorted(), 1, ["shard"]];
      expect(pubsub.channels.toSorted(), seed).toEqual(wanted[0]);
      await until(
        async () => JSON.stringify(await trial.subscriptions()) === JSON.stringify(wanted),
        {
          message: `the server never had what is wanted after kill ${kill}, ${seed}`,
        },
      );
    }
    await trial.end();
    expect(errorsIn(trial.read), seed).toEqual([]);
    expect(
      trial.read.filter((item) => item === null),
      seed,
    ).toHaveLength(KILLS);
    expect(
      trial.handled.every((number, i) => i === 0 || number > (trial.handled[i - 1] ?? 0)),
      seed,
    ).toBe(true);
    expect(holesOf(trial.handled), seed).toBeLessThanOrEqual(KILLS);
    expect(holesOf(trial.handled), `nothing was lost, so nothing was tried; ${seed}`).not.toBe(0);
  });
});
