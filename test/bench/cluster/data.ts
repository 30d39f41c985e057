/** The keys of the cluster part, and the slots of a cluster as a caller without a cluster client computes them. */
import { TEXT_16 } from "../data.js";
import { Floor } from "../floor.js";

const SLOTS = 16_384;
const KEYS = 16_384;
const LOOPBACK = "127.0.0.1";

/** Keys over all slots; each always holds `TEXT_16`. */
export const CLUSTER_KEYS = Array.from({ length: KEYS }, (_, i) => {
  return `bench:cluster:${String(i).padStart(6, "0")}`;
});

const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0);
  return crc;
});

/** Return the slot of an ASCII key. */
export function slotOf(key: string): number {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open + 1);
  const [from, to] = close > open + 1 ? [open + 1, close] : [0, key.length];
  let crc = 0;
  for (let i = from; i < to; i++) {
    crc = ((crc << 8) & 0xffff) ^ (CRC16[(crc >>> 8) ^ key.charCodeAt(i)] ?? 0);
  }
  return crc % SLOTS;
}

/**
 * Read which node serves which slot.
 *
 * @param port - The port of one node on the loopback address.
 * @returns For each slot, the index of its node among `ports`.
 */
export async function readSlots(port: number, ports: readonly number[]): Promise<Uint8Array> {
  const floor = await Floor.connect({ host: LOOPBACK, port });
  const ranges = (await floor.call(["CLUSTER", "SLOTS"])) as [number, number, [string, number]][];
  floor.close();
  const owners = new Uint8Array(SLOTS);
  for (const [from, to, [, owner]] of ranges) owners.fill(ports.indexOf(owner), from, to + 1);
  return owners;
}

/** Group the positions of keys by the node that serves them. */
export function groupByNode(keys: readonly string[], owners: Uint8Array): number[][] {
  const groups: number[][] = [];
  for (const [i, key] of keys.entries()) {
    const node = owners[slotOf(key)] ?? 0;
    groups[node] ??= [];
    groups[node].push(i);
  }
  return groups.filter((group) => group !== undefined);
}

/**
 * Write the keys to an empty cluster.
 *
 * @param ports - The ports of its primaries on the loopback address.
 */
export async function seedCluster(ports: readonly number[]): Promise<void> {
  const owners = await readSlots(ports[0] ?? 0, ports);
  const floors = await Promise.all(ports.map((port) => Floor.connect({ host: LOOPBACK, port })));
  await Promise.all(
    CLUSTER_KEYS.map((key) => floors[owners[slotOf(key)] ?? 0]?.call(["SET", key, TEXT_16])),
  );
  for (const floor of floors) floor.close();
}
