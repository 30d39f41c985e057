/**
 * Joins empty servers to one cluster. The cluster is ready when every node reports the same owner for every
 * slot, state ok, and all replicas.
 */
import type { LocalServer } from "./local-server.js";
import { LOOPBACK } from "./ports.js";
import { until } from "./until.js";

/** Number of slots of a cluster. */
export const SLOTS = 16_384;

const READY_MS = 60_000;
const POLL_MS = 20;

/** One range of a CLUSTER SLOTS reply, with the client ports of its nodes. */
export interface ViewedRange {
  readonly from: number;
  readonly to: number;
  readonly primary: number;
  readonly replicas: readonly number[];
}

/** The replicas of each primary, by the index of the primary. */
export interface Formation {
  readonly primaries: readonly LocalServer[];
  readonly replicas: readonly LocalServer[];
}

/**
 * Return the ranges that a node reports.
 *
 * @param node - The node to ask.
 */
export async function viewOf(node: LocalServer): Promise<ViewedRange[]> {
  const reply = await node.command("CLUSTER", "SLOTS");
  return (reply as [number, number, ...[string, number][]][]).map(([from, to, ...nodes]) => {
    const [primary = 0, ...replicas] = nodes.map(([, port]) => port);
    return { from, to, primary, replicas };
  });
}

/**
 * Make one cluster of servers that are alone: slots in equal shares, replicas in turn.
 *
 * @param formation - Its primaries and replicas; replica `i` replicates primary `i` modulo their number.
 */
export async function formCluster({ primaries, replicas }: Formation): Promise<void> {
  const nodes = [...primaries, ...replicas];
  // Different epochs from the start: no collision has to be resolved while the nodes meet.
  await Promise.all(nodes.map((node, i) => node.command("CLUSTER", "SET-CONFIG-EPOCH", i + 1)));
  await Promise.all(
    primaries.map((node, i) => {
      const from = Math.floor((SLOTS * i) / primaries.length);
      const to = Math.floor((SLOTS * (i + 1)) / primaries.length) - 1;
      return node.command("CLUSTER", "ADDSLOTSRANGE", from, to);
    }),
  );
  await introduce(nodes);
  await Promise.all(
    replicas.map((replica, i) => replicate(replica, primaries[i % primaries.length])),
  );
  await untilReady(nodes, replicas.length);
}

/**
 * Make all nodes known to each other.
 *
 * @param nodes - The nodes; each is met by every other, which is faster than waiting for gossip.
 */
export async function introduce(nodes: readonly LocalServer[]): Promise<void> {
  const [first, ...others] = nodes;
  if (first === undefined) return;
  for (const other of others) {
    const port = other.tlsPort ?? other.port;
    await first.command("CLUSTER", "MEET", LOOPBACK, port, await busPortOf(other));
  }
  await until(
    async () => {
      const counts = await Promise.all(nodes.map(knownNodes));
      return counts.every((count) => count === nodes.length);
    },
    { timeout: READY_MS, interval: POLL_MS, message: "the nodes do not find each other" },
  );
}

/**
 * Make a node the replica of a primary that it knows.
 *
 * @param replica - A node without slots.
 * @param primary - Its primary.
 */
export async function replicate(
  replica: LocalServer,
  primary: LocalServer | undefined,
): Promise<void> {
  await replica.command("CLUSTER", "REPLICATE", String(await primary?.command("CLUSTER", "MYID")));
}

/**
 * Wait until all nodes are in state ok and report the same complete view.
 *
 * @param nodes - The nodes to ask.
 * @param replicas - Number of replicas that each view must contain.
 */
export async function untilReady(nodes: readonly LocalServer[], replicas: number): Promise<void> {
  let states: string[] = [];
  const ready = async (): Promise<boolean> => {
    states = await Promise.all(nodes.map((node) => stateOf(node, replicas)));
    return new Set(states).size === 1 && states[0]?.startsWith("ok ") === true;
  };
  await until(ready, {
    timeout: READY_MS,
    interval: POLL_MS,
    message: () => `the nodes report ${states.join(" / ")}`,
  });
}

/**
 * Return whether nodes list a replica with the primary that it has itself.
 *
 * @param replica - The replica.
 * @param nodes - The nodes to ask.
 */
export async function agreeOnPrimary(
  replica: LocalServer,
  nodes: readonly LocalServer[],
): Promise<boolean> {
  const id = String(await replica.command("CLUSTER", "MYID"));
  const primaryIn = async (node: LocalServer): Promise<string | undefined> => {
    const lines = String(await node.command("CLUSTER", "NODES")).split("\n");
    return lines.find((line) => line.startsWith(id))?.split(" ")[3];
  };
  const [own, ...others] = await Promise.all([replica, ...nodes].map(primaryIn));
  return others.every((primary) => primary === own);
}

/**
 * Return whether nodes report the same epochs. A primary that takes a slot chooses the next epoch after those that it has
 * received: without the latest one two primaries have the same epoch, and one of them raises its own later on.
 *
 * @param nodes - The nodes to ask.
 */
export async function agreeOnEpochs(nodes: readonly LocalServer[]): Promise<boolean> {
  const views = await Promise.all(nodes.map(epochsOf));
  return new Set(views).size === 1;
}

/** The epochs of all primaries, as text. */
async function epochsOf(node: LocalServer): Promise<string> {
  const lines = String(await node.command("CLUSTER", "NODES")).split("\n");
  const fields = lines
    .map((line) => line.split(" "))
    .filter(([, , flags]) => flags?.includes("master"));
  return fields
    .map(([id, , , , , , epoch]) => `${id} ${epoch}`)
    .sort()
    .join();
}

/** The view as text; it starts with "ok" when the node serves and its view is complete. */
async function stateOf(node: LocalServer, replicas: number): Promise<string> {
  const info = String(await node.command("CLUSTER", "INFO"));
  const view = await viewOf(node);
  const slots = view.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const seen = new Set(view.flatMap((range) => range.replicas)).size;
  const ok = info.includes("cluster_state:ok") && slots === SLOTS && seen === replicas;
  const ranges = view.map(({ from, to, primary }) => `${from}-${to}@${primary}`).sort();
  return `${ok ? "ok" : "not ready"} ${ranges.join()} replicas ${seen}`;
}

async function busPortOf(node: LocalServer): Promise<number> {
  const line = String(await node.command("CLUSTER", "NODES"))
    .split("\n")
    .find((text) => text.includes("myself"));
  return Number(/@(\d+)/.exec(line ?? "")?.[1]);
}

async function knownNodes(node: LocalServer): Promise<number> {
  const lines = String(await node.command("CLUSTER", "NODES"))
    .trim()
    .split("\n");
  return lines.filter((line) => !line.includes("handshake")).length;
}
