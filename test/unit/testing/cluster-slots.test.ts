/** MIGRATE while a node of a busy machine takes itself for cut off. */
import { expect, it, vi } from "vitest";
import { migrateKeys, type SlotMove } from "../../../src/testing/cluster-slots.js";

/** Return a move from a node that answers MIGRATE with these errors first. */
function moveOf(...errors: readonly string[]) {
  const open = ["key"];
  const command = vi.fn(async (name: string) => {
    if (name === "CLUSTER") return [...open];
    const error = errors[command.mock.calls.filter(([other]) => other === "MIGRATE").length - 1];
    if (error !== undefined) throw new Error(error);
    open.pop();
    return "OK";
  });
  const node = { host: "127.0.0.1", port: 1, command };
  return { move: { slot: 0, from: node, to: node } as unknown as SlotMove, command };
}

it("migrateKeys() sends MIGRATE again after CLUSTERDOWN of the owner or of the destination", async () => {
  const { move, command } = moveOf(
    "CLUSTERDOWN The cluster is down",
    "ERR Target instance replied with error: CLUSTERDOWN The cluster is down",
  );
  await migrateKeys(move, []);
  expect(command.mock.calls.filter(([name]) => name === "MIGRATE")).toHaveLength(3);
});

it("migrateKeys() rejects with another error of MIGRATE", async () => {
  await expect(migrateKeys(moveOf("IOERR no answer").move, [])).rejects.toThrow("IOERR no answer");
});
