/**
 * Moves a slot between two primaries by hand. The destination becomes the owner first, so that at every
 * moment one node accepts the slot.
 */
import type { LocalServer } from "./local-server.js";
import type { Arg } from "./resp.js";
import { until } from "./until.js";

const BATCH = 100;
const MIGRATE_MS = 5_000;
/** Longest time in which a node may take itself for cut off. */
const DOWN_MS = 30_000;

/** A slot on its way from one primary to another. */
export interface SlotMove {
  readonly slot: number;
  readonly from: LocalServer;
  readonly to: LocalServer;
}

/**
 * Mark a slot as migrating at its owner and as importing at its destination.
 *
 * @param move - The slot and both primaries.
 */
export async function beginMove({ slot, from, to }: SlotMove): Promise<void> {
  await to.command("CLUSTER", "SETSLOT", slot, "IMPORTING", await idOf(from));
  await from.command("CLUSTER", "SETSLOT", slot, "MIGRATING", await idOf(to));
}

/**
 * Assign a slot without keys to its destination at all primaries. Nothing else may raise the epoch of a node meanwhile:
 * the former owner would take the slot back with a later epoch, and then give it up, so that no node owned it.
 *
 * @param move - The slot and both primaries.
 * @param others - The other primaries.
 */
export async function assignSlot(move: SlotMove, others: readonly LocalServer[]): Promise<void> {
  const id = await idOf(move.to);
  await move.to.command("CLUSTER", "SETSLOT", move.slot, "NODE", id);
  await move.from.command("CLUSTER", "SETSLOT", move.slot, "NODE", id);
  await Promise.all(
    others.map((node) => node.command("CLUSTER", "SETSLOT", move.slot, "NODE", id)),
  );
}

/**
 * Migrate the keys of a slot.
 *
 * @param move - The slot and both primaries.
 * @param credentials - Arguments of MIGRATE that authenticate at the destination.
 */
export async function migrateKeys(
  { slot, from, to }: SlotMove,
  credentials: readonly Arg[],
): Promise<void> {
  for (;;) {
    const keys = (await from.command("CLUSTER", "GETKEYSINSLOT", slot, BATCH)) as string[];
    if (keys.length === 0) return;
    // The nodes use TLS among themselves when they have it.
    const target: Arg[] = [to.host, to.tlsPort ?? to.port, "", 0, MIGRATE_MS];
    await untilServed(() => from.command("MIGRATE", ...target, ...credentials, "KEYS", ...keys));
  }
}

/** Execute a command that a node on a busy machine may refuse: after other failures it takes itself for cut off. */
async function untilServed(execute: () => Promise<unknown>): Promise<void> {
  const isServed = (): Promise<boolean> =>
    execute().then(
      () => true,
      (error: Error) => {
        if (!error.message.includes("CLUSTERDOWN")) throw error;
        return false;
      },
    );
  const message = "MIGRATE: the cluster stays down";
  await until(isServed, { timeout: DOWN_MS, interval: 20, message });
}

async function idOf(node: LocalServer): Promise<string> {
  return String(await node.command("CLUSTER", "MYID"));
}
