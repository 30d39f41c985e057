/** Owns the table of the publish/subscribe commands; those that subscribe belong to `PubSub`. */
import { type Entry, refused } from "./dsl.js";

const subscribing = [
  "PSUBSCRIBE",
  "PUNSUBSCRIBE",
  "SSUBSCRIBE",
  "SUBSCRIBE",
  "SUNSUBSCRIBE",
  "UNSUBSCRIBE",
];

export const pubsub: readonly Entry[] = [
  ...subscribing.map((name) => refused(name, "redis.pubsub()")),
];
