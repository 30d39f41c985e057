/**
 * A scripted Sentinel, for states that a real Sentinel does not keep for long: a former master, servers with the
 * wrong role, events without a failover.
 */
import { type MockOptions, type MockServer, mockServer } from "./mock-server.js";
import type { Peer } from "./peer.js";
import { bulk, bulks } from "./resp.js";

/** Replies of the Sentinel; can be changed at any time. */
export interface MockView {
  name: string;
  /** Port of the master. */
  master: number;
  /** Ports of the replicas. */
  replicas: number[];
  epoch: number;
  flags: string;
  others: number;
  /** Run ID of the Sentinel. */
  id: string;
  /** The other Sentinels that it reports: ports and run IDs. */
  sentinels: [port: number, id: string][];
  /** Bytes sent in place of a reply, by subcommand: `"SENTINELS"`. */
  raw: Record<string, string>;
}

/** A Sentinel that the test controls. */
export interface MockSentinel extends AsyncDisposable {
  readonly view: MockView;
  readonly address: [host: string, port: number];
  readonly mock: MockServer;
  /** Publish an event to all subscribers. */
  publish(event: string, data: string): void;
}

const HOST = "127.0.0.1";

function fields(port: number, more: Record<string, string | number>): string {
  const state = { name: `${HOST}:${port}`, ip: HOST, port, runid: String(port), ...more };
  return bulks(Object.entries(state).flat().map(String));
}

/** Return the reply to one command. */
function answer(view: MockView, [word = "", what = "", name = ""]: readonly string[]): string {
  const command = word.toUpperCase() === "SENTINEL" ? what.toUpperCase() : word.toUpperCase();
  const raw = view.raw[command];
  if (raw !== undefined) return raw;
  if (command === "MYID") return bulk(view.id);
  if (command === "PING") return "+PONG\r\n";
  if (name !== view.name) return "-ERR No such master with that name\r\n";
  const { master, epoch, flags, others } = view;
  if (command === "GET-MASTER-ADDR-BY-NAME") return bulks([HOST, String(master)]);
  if (command === "MASTER") {
    const more = { name, flags, "config-epoch": epoch, "num-other-sentinels": others };
    return fields(master, more);
  }
  const states =
    command === "SENTINELS"
      ? view.sentinels.map(([port, runid]) => fields(port, { runid, flags: "sentinel" }))
      : view.replicas.map((port) => fields(port, { flags: "slave" }));
  return `*${states.length}\r\n${states.join("")}`;
}

const DEFAULTS = {
  name: "mymaster",
  replicas: [],
  epoch: 0,
  flags: "master",
  others: 2,
  id: "0".repeat(40),
  sentinels: [],
  raw: {},
};

/**
 * Start a scripted Sentinel.
 *
 * @param view - Its replies; default a healthy master without replicas.
 * @param options - Options of the mock server.
 */
export async function mockSentinel(
  view: Partial<MockView> & Pick<MockView, "master">,
  options: MockOptions = {},
): Promise<MockSentinel> {
  const full: MockView = { ...DEFAULTS, ...view };
  const subscribers = new Set<Peer>();
  const serve = async (peer: Peer): Promise<void> => {
    for await (const words of peer.commands()) {
      if (words[0]?.toUpperCase() !== "SUBSCRIBE") peer.send(answer(full, words));
      else {
        subscribers.add(peer);
        words.slice(1).forEach((channel, index) => {
          peer.send(`*3\r\n${bulk("subscribe")}${bulk(channel)}:${index + 1}\r\n`);
        });
      }
    }
    subscribers.delete(peer);
  };
  const mock = await mockServer(serve, { handshake: true, ...options });
  return {
    view: full,
    address: [mock.host, mock.port],
    mock,
    publish: (event, data) => {
      for (const peer of subscribers) peer.send(bulks(["message", event, data]));
    },
    [Symbol.asyncDispose]: () => mock[Symbol.asyncDispose](),
  };
}
