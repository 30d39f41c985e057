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

/** Bytes of a server in one protocol. */
export interface Speech {
  readonly protocol: 2 | 3;
  /** Replies to SUBSCRIBE and similar commands; each has a type, a name and a count. */
  confirm(...confirmations: [word: string, name: string, count: number][]): string;
  message(channel: string, data: string): string;
  pmessage(pattern: string, channel: string, data: string): string;
  smessage(channel: string, data: string): string;
  /** The reply to PING with an argument in subscriber mode. */
  pong(data: string): string;
}

function speech(protocol: 2 | 3): Speech {
  const array = (...items: string[]): string =>
    `${protocol === 3 ? ">" : "*"}${items.length}\r\n${items.join("")}`;
  const words = (...items: string[]): string => array(...items.map((item) => bulk(item)));
  return {
    protocol,
    confirm: (...all) =>
      all.map(([word, name, count]) => array(bulk(word), bulk(name), `:${count}\r\n`)).join(""),
    message: (channel, data) => words("message", channel, data),
    pmessage: (pattern, channel, data) => words("pmessage", pattern, channel, data),
    smessage: (channel, data) => words("smessage", channel, data),
    pong: (data) => (protocol === 3 ? bulk(data) : words("pong", data)),
  };
}

/** Declare one `describe` block per protocol, with the bytes of the server. */
export function describeSpeech(title: string, body: (say: Speech) => void): void {
  for (const protocol of PROTOCOLS) {
    describe(`${title} (RESP${protocol})`, () => body(speech(protocol)));
  }
}

/** Start a mock server that replies to handshakes; one script per connection. */
export function mockSubscribed(...scripts: Script[]) {
  return mockServer(scripts, { handshake: true });
}

/** Confirm every SUBSCRIBE and UNSUBSCRIBE as a server does, until the client closes. */
export async function serve(peer: Peer, say: Speech): Promise<void> {
  const names = new Map<string, Set<string>>();
  for await (const [command = "", ...args] of peer.commands()) {
    const word = command.toLowerCase();
    const kind = word.replace("unsubscribe", "subscribe");
    const set = names.get(kind) ?? new Set();
    names.set(kind, set);
    if (word === "ping") peer.send(say.pong(args[0] ?? ""));
    for (const name of word === "ping" ? [] : args) {
      if (word === kind) set.add(name);
      else set.delete(name);
      peer.send(say.confirm([word, name, set.size]));
    }
  }
}

/** Confirm the subscription of each name, then send the rest, in one packet. */
export function sending(say: Speech, names: readonly string[], ...rest: (string | Buffer)[]) {
  return async (peer: Peer): Promise<void> => {
    await peer.expect(["SUBSCRIBE", ...names]);
    const confirmations = names.map((name, i) => say.confirm(["subscribe", name, i + 1]));
    peer.send(...confirmations, ...rest);
    for await (const [command = "", name = ""] of peer.commands()) {
      const word = command.toLowerCase();
      peer.send(word === "ping" ? say.pong(name) : say.confirm([word, name, 0]));
    }
  };
}

/** Return the commands that a mock server has received after the handshakes. */
export function asked(mock: MockServer): string[][] {
  return mock.received.filter(([name]) => name !== "HELLO");
}

/** Retry settings that reconnect immediately. */
export const AT_ONCE = new Retry(new ConstantBackoff(1), -1);

/** Return type, name and data of a message as one string. */
export function brief({ type, channel, data }: PubSubMessage): string {
  return `${type} ${channel ?? ""} ${data instanceof Error ? data.name : data}`;
}
