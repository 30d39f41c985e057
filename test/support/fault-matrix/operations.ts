/**
 * The operations of the fault matrix: calls of a program on a client during a fault. A new column is one entry.
 */
import type {
  AnyRedis,
  Lock,
  Monitor,
  PubSub,
  Redis,
  TransactionOptions,
  WatchedPipeline,
} from "../../../src/index.js";
import type { Result } from "./faults.js";

/** Client and keys of one combination, of a server or a cluster; the keys are unique. */
export interface MatrixContext {
  readonly client: Pick<Redis, "close" | "disconnect">;
  /** The client with the settings of the commands. */
  readonly redis: AnyRedis;
  /** A dedicated client of the same pool, closed after the operation. */
  readonly session: AnyRedis;
  /** Settings of the next handshake. */
  readonly credentials: { password: string };
  /** Port of the real server. */
  readonly port: number;
  /** Key with the value `"value"`. */
  readonly key: string;
  /** Key that starts at 0 and counts the effect of the operation. */
  readonly counter: string;
  /** Key of a list with many elements. */
  readonly list: string;
  /** Key for other data; missing at the start. */
  readonly otherKey: string;
  /** Key that is always missing. */
  readonly missingKey: string;
  /** Options of `transaction()`. */
  readonly transactionOptions?: Pick<TransactionOptions, "maxAttempts">;
  /** Send a command to the server directly, without the proxy. */
  readonly command: (...words: string[]) => Promise<unknown>;
}

/** Client and keys of one combination, of one server. */
export interface OperationContext extends MatrixContext {
  readonly client: Redis;
  readonly redis: Redis;
}

/** An operation of a program on a client. */
export interface Operation<C extends MatrixContext = OperationContext> {
  readonly name: string;
  /** Called before live faults, so that the connection of the operation exists. */
  readonly prepare?: (context: C) => Promise<unknown>;
  readonly run: (context: C) => Promise<unknown>;
  /** As `run`, but the server holds the reply; calls back when it does. */
  readonly runHeld?: (context: C, isHeld: () => void) => Promise<unknown>;
  /** Result without a fault. */
  readonly value: unknown;
  /** Change of the counter or of the length of the list. */
  readonly effect: number;
  readonly counts?: "list";
  /** Whether the effect is atomic. */
  readonly atomic?: true;
  /** Whether it closes the client. */
  readonly closes?: true;
  /** Whether its last command is EXEC. */
  readonly multi?: true;
  /** Whether its replies have hundreds of bytes. */
  readonly isLong?: true;
  /** Whether its first reply is a status. */
  readonly status?: true;
  /** Whether a server that is loading its data executes it. */
  readonly needsNoData?: true;
  /** Time limit in ms, where it is longer than that of the others. */
  readonly maxMs?: number;
  /** Bytes of its reply, where other traffic would be counted too. */
  readonly replyBytes?: number;
  /** Result when it restarts by itself after a connection loss. */
  readonly resultsAfterLoss?: readonly Result[];
  /** Whether other nodes execute a part of it, so that an error has outcome `"unknown"` at best. */
  readonly partial?: true;
  /** An additional allowed error class. */
  readonly error?: string;
  /** Results that replace all others, by name of the fault. */
  readonly resultsByFault?: Readonly<Record<string, readonly Result[]>>;
}

/** An operation without its functions, which is all that expected results depend on. */
export type MatrixOperation = Omit<Operation, "prepare" | "run" | "runHeld"> & {
  readonly runHeld?: unknown;
};

/** Time in ms that is longer than the detection of any connection loss. */
const WAIT = 4000;

/** Make the pool keep an idle connection, for operations that need a dedicated one. */
export async function connectOneMore({ redis, list }: MatrixContext): Promise<void> {
  await redis.blpop(list, 0.2);
}

const LUA = `return {redis.call('incr', KEYS[1]), {'two', {3, {}, false}}, {{}}, 'four'}`;

async function isBlocked(context: MatrixContext, name: string): Promise<void> {
  const marker = ` cmd=${name} `;
  for (;;) {
    const lines = String(await context.command("CLIENT", "LIST")).split("\n");
    const ours = lines.some(
      (line) => line.includes(marker) && line.includes(`name=${context.key} `),
    );
    if (ours) return;
  }
}

async function heldPop(
  context: MatrixContext,
  redis: AnyRedis,
  isHeld: () => void,
): Promise<unknown> {
  const popped = redis.blpop(context.otherKey, 0);
  popped.catch(() => {});
  await isBlocked(context, "blpop");
  isHeld();
  return popped;
}

async function withPubSub<V>(
  { redis }: MatrixContext,
  work: (sub: PubSub) => Promise<V>,
): Promise<V> {
  await using sub = redis.pubsub({ ignoreSubscribeMessages: true });
  return await work(sub as PubSub);
}

/** Kinds of channels: what subscribes and publishes, and the type of their messages. */
interface ChannelKind {
  readonly subscribe: (sub: PubSub, channel: string) => Promise<unknown>;
  readonly publish: "PUBLISH" | "SPUBLISH";
  readonly type: "message" | "smessage";
}

const CHANNELS: ChannelKind = {
  subscribe: (sub, channel) => sub.subscribe(channel),
  publish: "PUBLISH",
  type: "message",
};

/** Shard channels, which have a slot as keys have. */
export const SHARD_CHANNELS: ChannelKind = {
  subscribe: (sub, channel) => sub.ssubscribe(channel),
  publish: "SPUBLISH",
  type: "smessage",
};

/** Return the received message; it is published again until one arrives. */
async function received(
  sub: PubSub,
  { command, otherKey }: MatrixContext,
  { publish, type }: ChannelKind,
  attempts: number,
): Promise<unknown> {
  for (let i = 0; i < attempts; i++) {
    await command(publish, otherKey, "hello");
    for (;;) {
      const message = await sub.getMessage({ timeout: WAIT / attempts });
      if (message === null) break;
      if (message.type === type) return message.data;
    }
  }
  return null;
}

async function watchFor(
  context: MatrixContext,
  created: Monitor,
  begun: (() => void) | undefined,
): Promise<unknown> {
  await using monitor = created;
  await monitor.start();
  if (begun === undefined) await context.command("ECHO", context.key);
  begun?.();
  for (;;) {
    const { command } = await monitor.nextCommand();
    if (command === `ECHO ${context.key}`) return "seen";
  }
}

async function useLock(lock: Lock): Promise<unknown> {
  const taken = await lock.acquire();
  await lock.release();
  return [taken, lock.token];
}

/** Operations on the keys of one slot, of a server or a cluster. */
export const COMMANDS: readonly Operation<MatrixContext>[] = [
  { name: "get", run: ({ redis, key }) => redis.get(key), value: "value", effect: 0 },
  { name: "incr", run: ({ redis, counter }) => redis.incr(counter), value: 1, effect: 1 },
  {
    name: "blocking pop",
    prepare: connectOneMore,
    run: async ({ redis, list }) => (await redis.blpop(list, 0.2))?.length,
    runHeld: (context, isHeld) => heldPop(context, context.redis, isHeld),
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
    run: ({ redis, counter, list }) =>
      redis.pipeline({ transaction: true }).incr(counter).lrange(list, 0, 1).incr(counter).exec(),
    value: [1, ["element", "element"], 2],
    effect: 2,
    atomic: true,
    multi: true,
  },
  {
    name: "WATCH",
    prepare: connectOneMore,
    run: ({ redis, counter, key, transactionOptions }) => {
      const work = async (watched: WatchedPipeline) => {
        const value = await watched.get(key);
        return watched.multi().incr(counter).set(counter, `${value?.length}`);
      };
      return redis.transaction(work, key, { ...transactionOptions });
    },
    value: [1, true],
    effect: 5,
    atomic: true,
    multi: true,
    // No key is watched yet, so only the connection can be lost.
    resultsAfterLoss: ["ok", "unknown"],
    error: "WatchError",
    resultsByFault: {
      "cut in the middle of the request": ["unknown"],
      "cut between MULTI and EXEC": ["unknown"],
    },
  },
  {
    name: "script",
    prepare: ({ command }) => command("SCRIPT", "LOAD", LUA),
    run: ({ redis, counter }) => redis.registerScript(LUA)({ keys: [counter] }),
    value: [1, ["two", [3, [], null]], [[]], "four"],
    effect: 1,
  },
];

/** Create the operation of a subscriber. */
export function pubsubOperation(name: string, kind: ChannelKind): Operation<MatrixContext> {
  return {
    name,
    prepare: connectOneMore,
    run: (context) =>
      withPubSub(context, async (sub) => {
        await kind.subscribe(sub, context.otherKey);
        return received(sub, context, kind, 40);
      }),
    runHeld: (context, isHeld) =>
      withPubSub(context, async (sub) => {
        await kind.subscribe(sub, context.otherKey);
        isHeld();
        return received(sub, context, kind, 200);
      }),
    value: "hello",
    effect: 0,
    replyBytes: "*3\r\n$9\r\nsubscribe\r\n$8\r\nm000000f\r\n:1\r\n".length,
    resultsAfterLoss: ["ok"],
    needsNoData: true,
  };
}

/** Create the operation of a monitor. */
export function monitorOperation<C extends MatrixContext>(
  create: (context: C) => Monitor,
): Operation<C> {
  return {
    name: "monitor",
    // It receives the commands of all combinations that run at the same time.
    maxMs: 10_000,
    prepare: connectOneMore,
    run: (context) => watchFor(context, create(context), undefined),
    runHeld: (context, begun) => watchFor(context, create(context), begun),
    value: "seen",
    effect: 0,
    replyBytes: "+OK\r\n".length,
    needsNoData: true,
    // Anything but a line of MONITOR is a protocol error.
    resultsByFault: {
      "an extra reply after the last one": ["unknown"],
      "unsolicited pushes": ["unknown"],
    },
  };
}

/** Operations with a connection or state of their own, of a server or a cluster. */
export const DEDICATED: readonly Operation<MatrixContext>[] = [
  {
    name: "lock",
    prepare: connectOneMore,
    run: ({ redis, otherKey }) =>
      useLock(redis.lock(otherKey, { timeout: 60_000, blocking: false })),
    value: [true, undefined],
    effect: 0,
    status: true,
    // Acquiring is verified by the token; releasing is not repeated.
    resultsAfterLoss: ["ok", "unknown"],
  },
  {
    name: "scan iterator",
    run: async ({ redis, key }) => {
      const found: string[] = [];
      for await (const name of redis.scanIter({ match: key, count: 100_000 })) found.push(name);
      return found.length;
    },
    value: 1,
    effect: 0,
  },
  {
    name: "client()",
    prepare: async (context) => {
      await connectOneMore(context);
      await context.session.get(context.key);
    },
    run: ({ session, counter }) => session.incr(counter),
    runHeld: (context, isHeld) => heldPop(context, context.session, isHeld),
    value: 1,
    effect: 1,
    // A caller must be notified that the state of the connection is lost.
    resultsByFault: {
      "connection lost and detected before the write": ["not-sent"],
      "an extra reply while idle": ["not-sent"],
    },
  },
  {
    name: "close()",
    run: async ({ client, redis, counter }) =>
      (await Promise.all([redis.incr(counter), client.close()]))[0],
    value: 1,
    effect: 1,
    closes: true,
  },
];

/** The operations on one server. */
export const OPERATIONS: readonly Operation[] = [
  ...COMMANDS,
  pubsubOperation("pubsub", CHANNELS),
  monitorOperation(({ redis }) => redis.monitor()),
  ...DEDICATED,
];
