/**
 * Simulates the refreshes of 5,000 clients of 1,000 shards during a failover: how many CLUSTER SLOTS reach the nodes.
 * The refreshes are those of the library; nodes, network and time are simulated.
 */
import { expect, it, vi } from "vitest";
import { rankCandidates } from "../../../src/cluster/candidates.js";
import type { NodePool } from "../../../src/cluster/node-pool.js";
import { Topology, type TopologyOwner } from "../../../src/cluster/topology.js";
import type { ClusterView, NodeAddress } from "../../../src/cluster/view.js";
import type { Request } from "../../../src/connection/request.js";
import { ConnectionError } from "../../../src/errors.js";
import { normalizeOptions } from "../../../src/options/normalize.js";
import type { Reply } from "../../../src/protocol/reply.js";

const { time, random } = await vi.hoisted(async () => {
  const { VirtualTime } = await import("../../support/virtual-time.js");
  const { Random } = await import("../../support/random.js");
  const random = new Random(20_261_130);
  // Before the library is loaded, because its pauses take the random source then.
  Math.random = () => random.fraction();
  return { time: new VirtualTime(), random };
});
vi.mock("../../../src/util/timers.js", (original) => time.timers(original));

const CLIENTS = 5_000;
const SHARDS = 1_000;
/** ms from the loss of the primary to the promotion of its replica: 2 s of cluster-node-timeout and the votes. */
const PROMOTION = 3_000;
/** ms in which the promotion becomes known to the other nodes. */
const GOSSIP = 500;
/** ms; longest time from the loss of a primary until the connection of a client reports it. */
const DETECTION = 50;
/** ms; longest answer to a query. */
const LATENCY = 5;

const LOST = new ConnectionError("lost", { code: "ECONNRESET" });
const SETTINGS = normalizeOptions({ socketTimeout: 5_000 });
const OLD: Reply = [[0, 16_383, ["10.0.0.1", 1]]];
const NEW: Reply = [[0, 16_383, ["10.0.0.2", 1]]];

/** A primary that answers CLUSTER SLOTS. */
class SimulatedServer {
  /** Queries by second. */
  readonly load: number[] = [];
  readonly #informed = PROMOTION + random.int(0, GOSSIP);

  answer(request: Request, from: number): void {
    const second = Math.floor((time.now - from) / 1000);
    this.load[second] = (this.load[second] ?? 0) + 1;
    const view = time.now - from >= this.#informed ? NEW : OLD;
    time.after(random.int(1, LATENCY), () => {
      if (!request.settled) request.acceptReply(view);
    });
  }
}

/** A client whose requests for the failed shard wait until a view names its new primary. */
class SimulatedClient implements TopologyOwner {
  readonly version = 0;
  troubled = true;
  /** ms from the loss until the new view. */
  recovered = Number.POSITIVE_INFINITY;
  readonly #nodes: readonly NodePool[];
  readonly #start: number;
  readonly #topology = new Topology(this, SETTINGS, undefined);

  /** @param servers - The other primaries to which it is connected. */
  constructor(servers: readonly SimulatedServer[], start: number) {
    this.#start = start;
    this.#nodes = servers.map((server, index) => {
      const address: NodeAddress = { host: "10.0.0.3", port: index + 1 };
      const pool = { execute: (request: Request) => server.answer(request, start) };
      const state = { suspect: false, silent: false, connected: true };
      return { name: `${index}`, address, pool, ...state } as unknown as NodePool;
    });
  }

  /** Its connection to the primary is lost. */
  lose(): void {
    this.#topology.request();
  }
  candidates(): NodePool[] {
    return rankCandidates(this.#nodes, []);
  }
  check(): void {}
  adopt({ ranges }: ClusterView): void {
    if (ranges[0]?.primary.host !== "10.0.0.2" || !this.troubled) return;
    this.troubled = false;
    this.recovered = time.now - this.#start;
  }
  onRefreshFailed(): void {}
  stop(): void {
    this.#topology.stop(LOST);
  }
}

interface Load {
  /** CLUSTER SLOTS per client. */
  readonly perClient: number;
  /** CLUSTER SLOTS per node and second, of the nodes that are asked: the mean and the highest. */
  readonly mean: number;
  readonly highest: number;
  /** ms from the promotion until the last client has the new view. */
  readonly recovery: number;
}

/** Let a primary of `count` clients fail, each of which is connected to `connected` of `among` other nodes. */
async function failover(count: number, connected: number, among: number): Promise<Load> {
  const start = time.now;
  const servers = Array.from({ length: among }, () => new SimulatedServer());
  const clients = Array.from({ length: count }, () => {
    const own = new Set<SimulatedServer>();
    while (own.size < connected) own.add(random.pick(servers));
    return new SimulatedClient([...own], start);
  });
  for (const client of clients) time.after(random.int(1, DETECTION), () => client.lose());
  await time.runUntil(start + PROMOTION + GOSSIP + 2_000);
  for (const client of clients) client.stop();
  const loads = servers.flatMap(({ load }) => Object.values(load));
  const queries = loads.reduce((sum, load) => sum + load, 0);
  return {
    perClient: queries / count,
    mean: queries / loads.length,
    highest: Math.max(...loads),
    recovery: Math.max(...clients.map(({ recovered }) => recovered)) - PROMOTION,
  };
}

function report(what: string, { perClient, mean, highest, recovery }: Load): void {
  if (process.env.REDISWIRE_NUMBERS === undefined) return;
  const figures = `${perClient.toFixed(1)} per client, ${mean.toFixed(1)} per node and second`;
  console.log(`${what}: ${figures}, at most ${highest}; recovery ${recovery} ms`);
}

it("asks each node for the slots at most 60 times a second when a primary of 5,000 clients fails", async () => {
  const load = await failover(CLIENTS, 20, SHARDS - 1);
  report("5,000 clients with 20 connections to any of 999 nodes", load);
  expect(load.perClient).toBeLessThan(12);
  expect(load.highest).toBeLessThan(60);
  expect(load.recovery).toBeLessThan(1_500);
}, 60_000);

it("asks at most 6 times a second per client when all clients have no other node than one", async () => {
  const load = await failover(500, 1, 1);
  report("500 clients with one connection, to the same node", load);
  expect(load.highest).toBeLessThan(6 * 500);
  expect(load.recovery).toBeLessThan(1_500);
}, 60_000);
