/**
 * The flows of the chaos run. Each flow works on its own keys, one command after the other, and stores which
 * values are possible after every command. A write of unknown outcome may be executed late, when its
 * connection was only stalled: its value stays possible for the rest of the key's life.
 */
import {
  AbortError,
  ConnectionError,
  type Redis,
  TimeoutError,
  WatchError,
} from "../../src/index.js";
import type { Random } from "./random.js";

/** Counts of a run. */
export class Tally {
  ok = 0;
  notSent = 0;
  unknown = 0;
}

/** Sends a command to the server directly, after the run. */
export type ServerCommand = (...words: string[]) => Promise<unknown>;

/** Number of writes of unknown outcome after which a flow uses a new key. */
const MAX_UNKNOWN_WRITES = 8;
const COUNT_LUA = "return redis.call('incr', KEYS[1])";

/** Possible values of a key that is overwritten. */
class Register {
  readonly key: string;
  #values = new Set<string | null>([null]);
  /** Values that may be written at any later time. */
  readonly #late = new Set<string>();

  constructor(key: string) {
    this.key = key;
  }

  get hasTooManyUnknownWrites(): boolean {
    return this.#late.size >= MAX_UNKNOWN_WRITES;
  }

  wrote(value: string): void {
    this.#values = new Set([value]);
  }

  mayHaveWritten(value: string): void {
    this.#late.add(value);
  }

  saw(value: string | null): void {
    if (!this.#values.has(value) && (value === null || !this.#late.has(value))) {
      const known = [...this.#values, ...this.#late].join(", ");
      throw new Error(`${this.key}: ${value} is impossible; possible are ${known}`);
    }
    this.#values = new Set([value]);
  }
}

/** Possible values of a key that is only incremented. */
class Counter {
  readonly key: string;
  seen = 0;
  attempts = 0;

  constructor(key: string) {
    this.key = key;
  }

  reached(value: number): void {
    if (value > this.seen && value <= this.attempts) {
      this.seen = value;
      return;
    }
    throw this.#impossible(value);
  }

  /** Check a read, which may return an earlier value. */
  holds(value: number): void {
    if (value < this.seen || value > this.attempts) throw this.#impossible(value);
    this.seen = value;
  }

  #impossible(value: number): Error {
    const range = `last read ${this.seen}, ${this.attempts} increments attempted`;
    return new Error(`${this.key}: ${value} is impossible; ${range}`);
  }
}

/** Result of one command. */
type CommandResult<V> = { readonly value: V } | { readonly outcome: "not-sent" | "unknown" };

/** A sequence of commands on its own keys. */
export class Flow {
  readonly #name: string;
  readonly #redis: Redis;
  readonly #random: Random;
  readonly #tally: Tally;
  #serial = 0;
  #register: Register;
  #pair: Register;
  #counter: Counter;
  readonly #tokens = new Set<string>();
  readonly #past: Register[] = [];
  readonly #steps: readonly (() => Promise<void>)[];

  constructor(name: string, redis: Redis, { random, tally }: { random: Random; tally: Tally }) {
    this.#name = name;
    this.#redis = redis;
    this.#random = random;
    this.#tally = tally;
    this.#register = this.#newRegister("r");
    this.#pair = this.#newRegister("p");
    this.#counter = new Counter(this.#unique("c"));
    const ordinary = [
      () => this.#set(),
      () => this.#get(),
      () => this.#echo(),
      () => this.#increment((redis, key) => redis.incr(key)),
      () => this.#increment((redis, key) => redis.eval(COUNT_LUA, 1, key) as Promise<number>),
      () => this.#pipeline(),
      () => this.#writePair(),
      () => this.#readPair(),
      () => this.#push(),
    ];
    // These need a dedicated connection, of which there are few.
    const dedicated = [
      () => this.#increment((redis, key) => this.#watchedIncrement(redis, key)),
      () => this.#pop(),
      () => this.#session(),
    ];
    this.#steps = [...ordinary, ...ordinary, ...ordinary, ...dedicated];
  }

  /** Run one random command and check its result. */
  async step(): Promise<void> {
    if (this.#register.hasTooManyUnknownWrites) this.#register = this.#newRegister("r");
    if (this.#pair.hasTooManyUnknownWrites) this.#pair = this.#newRegister("p");
    await this.#random.pick(this.#steps)();
  }

  /** Check the final values on the server. */
  async verify(command: ServerCommand): Promise<void> {
    for (const register of this.#past) {
      const value = (await command("GET", register.key)) as string | null;
      register.saw(value);
    }
    this.#counter.holds(Number(await command("GET", this.#counter.key)));
    const left = (await command("LRANGE", this.#list, "0", "-1")) as string[];
    for (const token of left) this.#take(token);
  }

  #newRegister(kind: string): Register {
    const register = new Register(this.#unique(kind));
    this.#past.push(register);
    return register;
  }

  #unique(kind: string): string {
    return `${this.#name}${kind}${++this.#serial}`;
  }

  get #list(): string {
    return `${this.#name}list`;
  }

  /** Return the client, sometimes a view whose calls are aborted. */
  #client(): Redis {
    const dice = this.#random.fraction();
    if (dice < 0.8) return this.#redis;
    if (dice < 0.9) return this.#redis.with({ timeout: this.#random.int(1, 100) });
    return this.#redis.with({ signal: AbortSignal.timeout(this.#random.int(0, 100)) });
  }

  async #run<V>(call: (redis: Redis) => Promise<V>): Promise<CommandResult<V>> {
    try {
      const value = await call(this.#client());
      this.#tally.ok++;
      return { value };
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): CommandResult<never> {
    const known = [ConnectionError, TimeoutError, AbortError, WatchError];
    if (!known.some((type) => error instanceof type)) throw error;
    const { outcome } = error as ConnectionError;
    if (outcome === undefined) throw error;
    if (outcome === "unknown") this.#tally.unknown++;
    else this.#tally.notSent++;
    return { outcome };
  }

  /** Write a new value to a register by a random command. */
  async #write<V>(
    register: Register,
    call: (redis: Redis, value: string) => Promise<V>,
  ): Promise<{ value: V; written: string } | undefined> {
    const written = this.#unique("v");
    const end = await this.#run((redis) => call(redis, written));
    if ("value" in end) {
      register.wrote(written);
      return { value: end.value, written };
    }
    if (end.outcome === "unknown") register.mayHaveWritten(written);
    return undefined;
  }

  async #set(): Promise<void> {
    const { key } = this.#register;
    const done = await this.#write(this.#register, (redis, value) => redis.set(key, value));
    if (done !== undefined) expectEqual(done.value, true);
  }

  async #get(): Promise<void> {
    const register = this.#register;
    const end = await this.#run((redis) => redis.get(register.key));
    if ("value" in end) register.saw(end.value);
  }

  async #echo(): Promise<void> {
    const word = this.#unique("e").repeat(this.#random.int(1, 200));
    const end = await this.#run((redis) => redis.echo(word));
    if ("value" in end) expectEqual(end.value, word);
  }

  async #increment(call: (redis: Redis, key: string) => Promise<number>): Promise<void> {
    const counter = this.#counter;
    counter.attempts++;
    const end = await this.#run((redis) => call(redis, counter.key));
    if ("value" in end) counter.reached(end.value);
    else if (end.outcome === "not-sent") counter.attempts--;
  }

  async #watchedIncrement(redis: Redis, key: string): Promise<number> {
    const [value] = await redis.transaction(async (watched) => {
      await watched.get(key);
      return watched.multi().incr(key);
    }, key);
    return value;
  }

  async #pipeline(): Promise<void> {
    const register = this.#register;
    const { key } = register;
    const done = await this.#write(register, (redis, value) =>
      redis.pipeline({ transaction: false }).set(key, value).get(key).exec(),
    );
    if (done !== undefined) register.saw(done.value[1]);
  }

  /** Write both keys in one transaction: no reader may see them differ. */
  async #writePair(): Promise<void> {
    const { key } = this.#pair;
    const done = await this.#write(this.#pair, (redis, value) =>
      redis.pipeline().set(key, value).set(`${key}'`, value).exec(),
    );
    if (done !== undefined) expectEqual(String(done.value), "true,true");
  }

  async #readPair(): Promise<void> {
    const pair = this.#pair;
    const end = await this.#run((redis) => redis.mget(pair.key, `${pair.key}'`));
    if (!("value" in end)) return;
    const [one = null, other = null] = end.value;
    expectEqual(one, other);
    pair.saw(one);
  }

  async #push(): Promise<void> {
    const token = this.#unique("t");
    this.#tokens.add(token);
    const end = await this.#run((redis) => redis.rpush(this.#list, token));
    if (!("value" in end) && end.outcome === "not-sent") this.#tokens.delete(token);
  }

  async #pop(): Promise<void> {
    const end = await this.#run((redis) => redis.blpop(this.#list, 0.01));
    if (!("value" in end) || end.value === null) return;
    expectEqual(end.value[0], this.#list);
    this.#take(end.value[1]);
  }

  /** Check that only pushed elements are popped, each once. */
  #take(token: string): void {
    if (!this.#tokens.delete(token)) throw new Error(`${this.#list}: ${token} is impossible`);
  }

  async #session(): Promise<void> {
    const word = this.#unique("s");
    const end = await this.#run(async (redis) => {
      await using session = redis.client();
      return [await session.echo(word), await session.echo(`${word}!`)];
    });
    if ("value" in end) expectEqual(String(end.value), `${word},${word}!`);
  }
}

function expectEqual(value: unknown, expected: unknown): void {
  if (value !== expected) throw new Error(`expected ${String(expected)}, got ${String(value)}`);
}
