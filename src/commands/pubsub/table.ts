/** Owns the table of the publish/subscribe commands; those that subscribe belong to `PubSub`. */
import * as decode from "../core/decode.js";
import {
  command,
  type Entry,
  key,
  optional,
  param,
  refused,
  reply,
  restOrNone,
  VALUE,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import { help } from "../table/subcommands.js";

const subscribing = [
  "PSUBSCRIBE",
  "PUNSUBSCRIBE",
  "SSUBSCRIBE",
  "SUBSCRIBE",
  "SUNSUBSCRIBE",
  "UNSUBSCRIBE",
];

const message = param("message", VALUE, "Text, bytes or a number.");
const pattern = optional("pattern", VALUE, "Glob pattern; all when left out.");
const counts = reply("[channel: T, count: number][]", decode.toPairs);

export const pubsub: readonly Entry[] = [
  ...subscribing.map((name) => refused(name, "redis.pubsub()")),
  command("PUBLISH", {
    since: "2.0.0",
    cost: "O(N+M) for N subscribers of the channel and M patterns",
    summary: "Send a message to the subscribers of a channel.",
    args: [param("channel", VALUE, "Name of the channel."), message],
    reply: replies.count,
    returns: "How many connections received it; in a cluster, of this node only.",
  }),
  command("PUBSUB CHANNELS", {
    since: "2.8.0",
    cost: "O(N) in the number of channels",
    summary: "List the channels that have subscribers.",
    args: [pattern],
    reply: replies.texts,
    returns: "Their names, in no order; subscriptions by pattern do not count.",
  }),
  help("PUBSUB", "6.2.0"),
  command("PUBSUB NUMPAT", {
    since: "2.8.0",
    cost: "O(1)",
    summary: "Count the patterns that have subscribers.",
    args: [],
    reply: replies.count,
    returns: "How many different patterns there are.",
  }),
  command("PUBSUB NUMSUB", {
    since: "2.8.0",
    cost: "O(N) in the number of channels named",
    summary: "Count the subscribers of channels.",
    args: [restOrNone("channels", VALUE, "Names of channels, as arguments or in arrays.")],
    reply: counts,
    returns: "`[channel, count]` pairs, in order; subscriptions by pattern do not count.",
  }),
  command("PUBSUB SHARDCHANNELS", {
    since: "7.0.0",
    cost: "O(N) in the number of shard channels",
    summary: "List the shard channels that have subscribers.",
    args: [pattern],
    reply: replies.texts,
    returns: "Their names, in no order.",
  }),
  command("PUBSUB SHARDNUMSUB", {
    since: "7.0.0",
    cost: "O(N) in the number of shard channels named",
    summary: "Count the subscribers of shard channels.",
    args: [
      restOrNone("shardChannels", VALUE, "Names of shard channels, as arguments or in arrays."),
    ],
    reply: counts,
    returns: "`[channel, count]` pairs, in order.",
  }),
  command("SPUBLISH", {
    since: "7.0.0",
    cost: "O(N) in the number of subscribers of the shard channel",
    summary: "Send a message to the subscribers of a shard channel.",
    args: [key("shardChannel", "Name of the shard channel, whose slot decides the node."), message],
    reply: replies.count,
    returns: "How many connections received it, on this node.",
  }),
];
