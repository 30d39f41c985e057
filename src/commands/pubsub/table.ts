/** The table of the publish/subscribe commands. `PubSub` sends those that subscribe. */
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
const pattern = optional("pattern", VALUE, "Glob pattern; default: all.");
const counts = reply("[channel: T, count: number][]", decode.toPairs);

export const pubsub: readonly Entry[] = [
  ...subscribing.map((name) => refused(name, "redis.pubsub()")),
  command("PUBLISH", {
    since: "2.0.0",
    cost: "O(N+M) for N subscribers of the channel and M patterns",
    summary: "Send a message to the subscribers of a channel.",
    args: [param("channel", VALUE, "Channel name."), message],
    reply: replies.count,
    returns: "Number of connections that received it; in a cluster, on this node only.",
  }),
  command("PUBSUB CHANNELS", {
    since: "2.8.0",
    cost: "O(N) in the number of channels",
    summary: "List the channels that have subscribers.",
    args: [pattern],
    reply: replies.texts,
    returns: "Channel names, in no particular order; pattern subscriptions do not count.",
  }),
  help("PUBSUB", "6.2.0"),
  command("PUBSUB NUMPAT", {
    since: "2.8.0",
    cost: "O(1)",
    summary: "Count the patterns that have subscribers.",
    args: [],
    reply: replies.count,
    returns: "Number of distinct patterns.",
  }),
  command("PUBSUB NUMSUB", {
    since: "2.8.0",
    cost: "O(N) in the number of given channels",
    summary: "Count the subscribers of channels.",
    args: [restOrNone("channels", VALUE, "Channel names, as arguments or arrays.")],
    reply: counts,
    returns: "`[channel, count]` pairs, in order; pattern subscriptions do not count.",
  }),
  command("PUBSUB SHARDCHANNELS", {
    since: "7.0.0",
    cost: "O(N) in the number of shard channels",
    summary: "List the shard channels that have subscribers.",
    args: [pattern],
    reply: replies.texts,
    returns: "Channel names, in no particular order.",
  }),
  command("PUBSUB SHARDNUMSUB", {
    since: "7.0.0",
    cost: "O(N) in the number of given shard channels",
    summary: "Count the subscribers of shard channels.",
    args: [restOrNone("shardChannels", VALUE, "Shard channel names, as arguments or arrays.")],
    reply: counts,
    returns: "`[channel, count]` pairs, in order.",
  }),
  command("SPUBLISH", {
    since: "7.0.0",
    cost: "O(N) in the number of subscribers of the shard channel",
    summary: "Send a message to the subscribers of a shard channel.",
    args: [key("shardChannel", "Shard channel name; its slot selects the node."), message],
    reply: replies.count,
    returns: "Number of connections that received it, on this node.",
  }),
];
