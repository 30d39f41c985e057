/** How each client subscribes to one channel with one handler. */
import { pathToFileURL } from "node:url";
import { DIST } from "./paths.js";

/** Called for each message. */
export type OnMessage = (data: string) => void;
/** The server, the channel, and the handler. */
export interface Listening {
  readonly port: number;
  readonly channel: string;
  readonly onMessage: OnMessage;
}
/** A client that can be measured. */
export interface Subscriber {
  /** Name in `CLIENTS`, by which it is chosen. */
  readonly client: string;
  readonly subscribe: (listening: Listening) => Promise<unknown>;
}

interface Rediswire {
  readonly Redis: new (
    options: object,
  ) => {
    pubsub(): { subscribe(handlers: object): Promise<void> };
  };
}
interface IoRedis {
  readonly Redis: new (
    options: object,
  ) => NodeJS.EventEmitter & {
    subscribe(channel: string): Promise<unknown>;
  };
}
interface NodeRedis {
  createClient(options: object): {
    connect(): Promise<unknown>;
    subscribe(channel: string, onMessage: OnMessage): Promise<unknown>;
  };
}

// In variables, because this must compile where the peers are not installed.
const IOREDIS: string = "ioredis";
const NODE_REDIS: string = "redis";

async function openRediswire(listening: Listening, options: object): Promise<unknown> {
  const { port, channel, onMessage } = listening;
  const { Redis } = (await import(pathToFileURL(DIST).href)) as Rediswire;
  const pubsub = new Redis({ port, ...options }).pubsub();
  await pubsub.subscribe({ [channel]: ({ data }: { data: string }) => onMessage(data) });
  return pubsub;
}

async function openIoredis({ port, channel, onMessage }: Listening): Promise<unknown> {
  const { Redis } = (await import(IOREDIS)) as IoRedis;
  const redis = new Redis({ port });
  redis.on("message", (_channel: string, data: string) => onMessage(data));
  await redis.subscribe(channel);
  return redis;
}

async function openNodeRedis(listening: Listening, options: object): Promise<unknown> {
  const { port, channel, onMessage } = listening;
  const { createClient } = (await import(NODE_REDIS)) as NodeRedis;
  const redis = createClient({ socket: { port }, ...options });
  await redis.connect();
  await redis.subscribe(channel, onMessage);
  return redis;
}

/** Every subscriber by its title; each as its client's own documentation shows it. */
export const SUBSCRIBERS: Readonly<Record<string, Subscriber>> = {
  rediswire: { client: "rediswire", subscribe: (listening) => openRediswire(listening, {}) },
  "rediswire, RESP3": {
    client: "rediswire",
    subscribe: (listening) => openRediswire(listening, { protocol: 3 }),
  },
  ioredis: { client: "ioredis", subscribe: openIoredis },
  "node-redis": { client: "node-redis", subscribe: (listening) => openNodeRedis(listening, {}) },
  "node-redis, RESP2": {
    client: "node-redis",
    subscribe: (listening) => openNodeRedis(listening, { RESP: 2 }),
  },
};
