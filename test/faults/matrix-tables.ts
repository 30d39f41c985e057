/**
 * Owns the two axes of the fault matrix: what goes wrong, and what is being done meanwhile. A row or a
 * column more is one entry; matrix.test.ts holds what must be true of every combination.
 */
import type { Redis } from "../../src/index.js";
import type { FaultProxy } from "../support/fault-proxy.js";

/** How an operation may end: with its value, or with an error of this outcome. */
export type End = "ok" | "not-sent" | "unknown";

/** Something that goes wrong between client and server. */
export interface Fault {
  readonly name: string;
  /** `"connecting"`: before there is a connection; `"live"`: on connections that have been used. */
  readonly when: "connecting" | "live";
  readonly strike: (proxy: FaultProxy) => void;
  /** Strikes once more, when the server has answered the operation (its reply is held back). */
  readonly second?: (proxy: FaultProxy) => void;
  /** How operations may end under it. */
  readonly ends: readonly End[];
  /** Classes of the errors; default ConnectionError. */
  readonly errors?: readonly string[];
  /** Milliseconds of all deadlines: short where they are what ends the operation. */
  readonly timeout?: number;
  /** What is to be done besides clearing both directions. */
  readonly heal?: (proxy: FaultProxy) => void | Promise<void>;
}

const SHORT = 200;
const ALWAYS = { times: 1000 };
const TIMEOUTS = ["TimeoutError", "ConnectionError"];

/** The host is back; what it does not remember it resets. */
function restore(proxy: FaultProxy): void {
  proxy.blackhole(false);
  proxy.cutAll("rst");
}

/** The connections there are keep waiting in vain; those to come are served. */
function resumeAfter(proxy: FaultProxy, end: () => void): void {
  end();
  proxy.down.resume();
}

export const FAULTS: readonly Fault[] = [
  { name: "no fault", when: "connecting", strike: () => {}, ends: ["ok"] },
  {
    name: "refused",
    when: "connecting",
    strike: (p) => p.refuse(),
    heal: (p) => p.accept(),
    ends: ["not-sent"],
  },
  {
    name: "reset on connect",
    when: "connecting",
    strike: (p) => p.down.cutAfter(0, ALWAYS),
    ends: ["not-sent"],
  },
  {
    name: "reset once in the handshake",
    when: "connecting",
    strike: (p) => p.up.cutAfter(20),
    ends: ["ok"],
  },
  {
    name: "cut in every handshake",
    when: "connecting",
    strike: (p) => p.down.cutAfter(3, { how: "fin", ...ALWAYS }),
    ends: ["not-sent"],
  },
  {
    name: "stalled handshake",
    when: "connecting",
    strike: (p) => p.down.stall(),
    ends: ["not-sent"],
    errors: TIMEOUTS,
    timeout: SHORT,
  },
  {
    name: "black hole while connecting",
    when: "connecting",
    strike: (p) => p.blackhole(),
    heal: restore,
    ends: ["not-sent"],
    errors: TIMEOUTS,
    timeout: SHORT,
  },
  { name: "FIN while idle", when: "live", strike: (p) => p.cutAll("fin"), ends: ["ok", "unknown"] },
  { name: "RST while idle", when: "live", strike: (p) => p.cutAll("rst"), ends: ["ok", "unknown"] },
  {
    name: "cut after 1 byte up",
    when: "live",
    strike: (p) => p.up.cutAfter(1),
    ends: ["unknown"],
  },
  {
    name: "cut after 10 bytes up",
    when: "live",
    strike: (p) => p.up.cutAfter(10, { how: "fin" }),
    ends: ["unknown"],
  },
  {
    name: "RST after 1 byte down",
    when: "live",
    strike: (p) => p.down.cutAfter(1),
    ends: ["unknown"],
  },
  {
    name: "FIN after 3 bytes down",
    when: "live",
    strike: (p) => p.down.cutAfter(3, { how: "fin" }),
    ends: ["unknown"],
  },
  {
    name: "FIN in place of the reply",
    when: "live",
    strike: (p) => p.down.stall(),
    second: (p) => resumeAfter(p, () => p.cutAll("fin")),
    ends: ["unknown"],
  },
  {
    name: "RST in place of the reply",
    when: "live",
    strike: (p) => p.down.stall(),
    second: (p) => resumeAfter(p, () => p.cutAll("rst")),
    ends: ["unknown"],
  },
  {
    name: "half-closed by the server",
    when: "live",
    strike: (p) => p.down.stall(),
    second: (p) => resumeAfter(p, () => p.down.halfClose()),
    ends: ["unknown"],
  },
  {
    name: "stalled replies",
    when: "live",
    strike: (p) => p.down.stall(),
    ends: ["unknown"],
    errors: TIMEOUTS,
    timeout: SHORT,
  },
  {
    name: "stalled commands",
    when: "live",
    strike: (p) => p.up.stall(),
    ends: ["unknown"],
    errors: TIMEOUTS,
    timeout: SHORT,
  },
  {
    name: "black hole",
    when: "live",
    strike: (p) => p.blackhole(),
    heal: restore,
    ends: ["unknown"],
    errors: TIMEOUTS,
    timeout: SHORT,
  },
  {
    name: "trickle of single bytes",
    when: "live",
    strike: (p) => {
      p.up.chunk(1);
      p.down.chunk(1);
    },
    ends: ["ok"],
  },
  {
    name: "garbage before the reply",
    when: "live",
    strike: (p) => p.down.insert(0, "\u0001"),
    ends: ["ok", "unknown"],
    errors: ["ConnectionError", "InvalidResponse"],
  },
  {
    name: "garbage in the reply",
    when: "live",
    strike: (p) => p.down.insert(1, "\r\n"),
    ends: ["unknown"],
    errors: ["ConnectionError", "InvalidResponse"],
  },
  {
    name: "delay of 20 ms",
    when: "live",
    strike: (p) => {
      p.up.delay(20);
      p.down.delay(20);
    },
    ends: ["ok"],
  },
];

/** Keys of one combination; nobody else uses them. */
export interface Scene {
  readonly redis: Redis;
  /** A client() of the same pool, closed after the operation. */
  readonly session: Redis;
  /** Holds `"value"`. */
  readonly key: string;
  /** Starts at 0; what the operation does is counted here. */
  readonly counter: string;
  /** A list with plenty of elements. */
  readonly list: string;
}

/** Something a program does with a client. */
export interface Operation {
  readonly name: string;
  /** Used once before live faults, so that its connection is there. */
  readonly prepare?: (scene: Scene) => Promise<unknown>;
  readonly run: (scene: Scene) => Promise<unknown>;
  /** What it gives when all is well. */
  readonly value: unknown;
  /** How much it moves what is counted (the counter, or the length of the list). */
  readonly effect: number;
  readonly counts?: "list";
  /** Either all of the effect or none. */
  readonly atomic?: true;
  /** The client is closed by it. */
  readonly closes?: true;
  /** Error classes and endings beside those of the fault. */
  readonly errors?: readonly string[];
  readonly ends?: readonly End[];
}

/** Have the pool keep an idle connection, for what needs one of its own. */
async function connectOneMore({ redis, list }: Scene): Promise<void> {
  await redis.blpop(list, 0.2);
}

export const OPERATIONS: readonly Operation[] = [
  { name: "get", run: ({ redis, key }) => redis.get(key), value: "value", effect: 0 },
  { name: "incr", run: ({ redis, counter }) => redis.incr(counter), value: 1, effect: 1 },
  {
    name: "blocking pop",
    prepare: connectOneMore,
    run: async ({ redis, list }) => (await redis.blpop(list, 0.2))?.length,
    value: 2,
    effect: 1,
    counts: "list",
  },
  {
    name: "pipeline",
    run: ({ redis, counter, key }) =>
      redis.pipeline({ transaction: false }).incr(counter).get(key).incr(counter).exec(),
    value: [1, "value", 2],
    effect: 2,
  },
  {
    name: "transaction",
    run: ({ redis, counter, key }) => redis.pipeline().incr(counter).get(key).incr(counter).exec(),
    value: [1, "value", 2],
    effect: 2,
    atomic: true,
  },
  {
    name: "watched transaction",
    prepare: connectOneMore,
    run: ({ redis, counter, key }) =>
      redis.transaction(async (watched) => {
        const value = await watched.get(key);
        return watched.multi().incr(counter).set(counter, `${value?.length}`);
      }, key),
    value: [1, true],
    effect: 5,
    atomic: true,
    errors: ["WatchError"],
    // What is lost before EXEC is done again.
    ends: ["ok", "not-sent"],
  },
  {
    name: "session",
    prepare: async (scene) => {
      await connectOneMore(scene);
      await scene.session.get(scene.key);
    },
    run: ({ session, counter }) => session.incr(counter),
    value: 1,
    effect: 1,
  },
  {
    name: "scanIter",
    run: async ({ redis, key }) => {
      const found: string[] = [];
      for await (const name of redis.scanIter({ match: key, count: 1000 })) found.push(name);
      return found.length;
    },
    value: 1,
    effect: 0,
  },
  {
    name: "close()",
    run: async ({ redis, counter }) => (await Promise.all([redis.incr(counter), redis.close()]))[0],
    value: 1,
    effect: 1,
    closes: true,
  },
];
