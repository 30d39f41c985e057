/**
 * The bytes that a server sends to a subscriber under each protocol, and the creation of subscribers for the wire
 * tests.
 */
import { describe } from "vitest";
import { type PubSubMessage, Retry } from "../../src/index.js";
import { ConstantBackoff } from "../../src/options/backoff.js";
import { type MockServer, mockServer, type Peer, type Script } from "./mock-server.js";
import { PROTOCOLS } from "./protocols.js";
import { bulk } from "./resp.js";

/** Encodes what a server sends to a subscriber, in one protocol. */
export interface PubSubReplies {
  readonly protocol: 2 | 3;
  /** Replies to SUBSCRIBE and similar commands; each has a type, a name and a count. */
  confirm(...confirmations: [type: string, name: string, count: number][]): string;
  message(channel: string, data: string): string;
  pmessage(pattern: string, channel: string, data: string): string;
  smessage(channel: string, data: string): string;
  /** The reply to PING with an argument in subscriber mode. */
  pong(data: string): string;
}

function pubSubReplies(protocol: 2 | 3): PubSubReplies {
  const array = (...items: string[]): string =>
    `${protocol === 3 ? ">" : "*"}${items.length}\r\n${items.join("")}`;
  const bulkArray = (...items: string[]): string => array(...items.map((item) => bulk(item)));
  return {
    protocol,
    confirm: (...all) =>
      all.map(([type, name, count]) => array(bulk(type), bulk(name), `:${count}\r\n`)).join(""),
    message: (channel, data) => bulkArray("message", channel, data),
    pmessage: (pattern, channel, data) => bulkArray("pmessage", pattern, channel, data),
    smessage: (channel, data) => bulkArray("smessage", channel, data),
    pong: (data) => (protocol === 3 ? bulk(data) : bulkArray("pong", data)),
  };
}

/** Declare one `describe` block per protocol, with the encoder of the server's bytes. */
export function describePubSubReplies(title: string, body: (replies: PubSubReplies) => void): void {
  for (const protocol of PROTOCOLS) {
    describe(`${title} (RESP${protocol})`, () => body(pubSubReplies(protocol)));
  }
}

/** Start a mock server that replies to handshakes; one script per connection. */
export function mockWithHandshake(...scripts: Script[]) {
  return mockServer(scripts, { handshake: true });
}

/** Confirm every SUBSCRIBE and UNSUBSCRIBE as a server does, until the client closes. */
export async function confirmSubscriptions(peer: Peer, replies: PubSubReplies): Promise<void> {
  const names = new Map<string, Set<string>>();
  for await (const [command = "", ...args] of peer.commands()) {
    const type = command.toLowerCase();
    const kind = type.replace("unsubscribe", "subscribe");
    const set = names.get(kind) ?? new Set();
    names.set(kind, set);
    if (type === "ping") peer.send(replies.pong(args[0] ?? ""));
    for (const name of type === "ping" ? [] : args) {
      if (type === kind) set.add(name);
      else set.delete(name);
      peer.send(replies.confirm([type, name, set.size]));
    }
  }
}

/** Confirm the subscription of each name, then send the rest, in one packet. */
export function confirmThenSend(
  replies: PubSubReplies,
  names: readonly string[],
  ...rest: (string | Buffer)[]
) {
  return async (peer: Peer): Promise<void> => {
    await peer.expect(["SUBSCRIBE", ...names]);
    const confirmations = names.map((name, i) => replies.confirm(["subscribe", name, i + 1]));
    peer.send(...confirmations, ...rest);
    for await (const [command = "", name = ""] of peer.commands()) {
      const type = command.toLowerCase();
      peer.send(type === "ping" ? replies.pong(name) : replies.confirm([type, name, 0]));
    }
  };
}

/** Return the commands that a mock server has received, without HELLO. */
export function commandsAfterHandshake(mock: MockServer): string[][] {
  return mock.received.filter(([name]) => name !== "HELLO");
}

/** Retry settings that reconnect immediately. */
export const RETRY_IMMEDIATELY = new Retry(new ConstantBackoff(1), -1);

/** Return type, name and data of a message as one string. */
export function summarize({ type, channel, data }: PubSubMessage): string {
  return `${type} ${channel ?? ""} ${data instanceof Error ? data.name : data}`;
}
