/** Moves ranges of slots between the nodes of a real cluster by the atomic migration of Valkey 9 and Redis 8.4. */
import type { LocalCluster } from "../../src/testing/cluster.js";
import { until } from "./until.js";

/** A node that also executes commands. */
type Node = LocalCluster["nodes"][number];

/** Slots, both ends included. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
}

/** A migration, as the server reports it. */
type Report = Readonly<Record<string, unknown>>;

const MOVE_MS = 20_000;
const POLL_MS = 5;
const SUCCEEDED = ["success", "completed"];
const FAILED = ["failed", "canceled"];

/**
 * Move slots with their keys to another primary, in one step for the clients.
 *
 * @param cluster - A cluster of Valkey 9 or Redis 8.4.
 * @param range - Slots of one primary.
 * @param to - Another primary.
 * @throws Error with the report of the server when the migration fails.
 */
export async function moveSlotsAtomically(
  cluster: LocalCluster,
  range: SlotRange,
  to: Node,
): Promise<void> {
  const from = await cluster.ownerOf(range.from);
  const isValkey = String(await from.command("INFO", "server")).includes("server_name:valkey");
  const reports = isValkey ? () => reportsOfValkey(from) : () => reportsOfRedis(to);
  const before = new Set((await reports()).map(idOf));
  if (isValkey) {
    const id = String(await to.command("CLUSTER", "MYID"));
    const words = ["SLOTSRANGE", range.from, range.to, "NODE", id];
    await from.command("CLUSTER", "MIGRATESLOTS", ...words);
  } else await to.command("CLUSTER", "MIGRATION", "IMPORT", range.from, range.to);
  const isDone = async (): Promise<boolean> => {
    const report = (await reports()).find((one) => !before.has(idOf(one)));
    const state = String(report?.state);
    if (FAILED.includes(state)) throw new Error(`the migration failed: ${JSON.stringify(report)}`);
    return SUCCEEDED.includes(state);
  };
  const message = "the migration does not end";
  await until(isDone, { timeout: MOVE_MS, interval: POLL_MS, message });
  for (const slot of [range.from, range.to]) {
    if ((await cluster.ownerOf(slot)) !== to) throw new Error(`slot ${slot} did not move`);
  }
}

async function reportsOfValkey(source: Node): Promise<Report[]> {
  return reportsOf(await source.command("CLUSTER", "GETSLOTMIGRATIONS"));
}

async function reportsOfRedis(destination: Node): Promise<Report[]> {
  return reportsOf(await destination.command("CLUSTER", "MIGRATION", "STATUS", "ALL"));
}

/** Read arrays of names and values. */
function reportsOf(reply: unknown): Report[] {
  return (reply as unknown[][]).map((fields) =>
    Object.fromEntries(
      fields.flatMap((name, i) => (i % 2 === 0 ? [[String(name), fields[i + 1]]] : [])),
    ),
  );
}

function idOf({ id, name }: Report): unknown {
  return id ?? name;
}
