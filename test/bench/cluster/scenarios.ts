/** The scenarios of the cluster part: SET and GET in turns, over keys of all slots. */
import assert from "node:assert/strict";
import { TEXT_16 } from "../data.js";
import type { PartScenario } from "../scenarios.js";
import type { ClusterAdapter } from "./adapter.js";
import { CLUSTER_KEYS } from "./data.js";

/** A scenario of the cluster part; its check performs some steps. */
export type ClusterScenario = PartScenario<ClusterAdapter>;

const KEY_MASK = CLUSTER_KEYS.length - 1;
const PIPELINE_COMMANDS = 300;
/** Windows of keys, so that not every pipeline has the same keys. */
const WINDOWS = Array.from({ length: 16 }, (_, i) => {
  return CLUSTER_KEYS.slice(i * PIPELINE_COMMANDS, (i + 1) * PIPELINE_COMMANDS);
});
/** Enough steps to reach every node. */
const CHECKED = 60;

/** Every scenario, in the order of the report. */
export const CLUSTER_SCENARIOS: readonly ClusterScenario[] = [
  mixed("GET and SET 16 B, one after another", 1),
  mixed("GET and SET 16 B, 50 callers", 50),
  mixed("GET and SET 16 B, 1,000 callers", 1000),
  {
    name: `pipeline of ${PIPELINE_COMMANDS} GET and SET`,
    callers: 1,
    commands: PIPELINE_COMMANDS,
    step: (client) => (i) => client.pipeline(WINDOWS[i % WINDOWS.length] ?? [], TEXT_16),
    check: async (step) => {
      const replies = await step(0);
      assert.ok(Array.isArray(replies) && replies.length === PIPELINE_COMMANDS, "other replies");
      for (const [i, reply] of replies.entries()) verify(i, withoutError(reply));
    },
  },
];

function mixed(name: string, callers: number): ClusterScenario {
  return {
    name,
    callers,
    commands: 1,
    step: (client) => (i) => {
      const key = CLUSTER_KEYS[i & KEY_MASK] ?? "";
      return (i & 1) === 0 ? client.set(key, TEXT_16) : client.get(key);
    },
    check: async (step) => {
      for (let i = 0; i < CHECKED; i++) verify(i, await step(i));
    },
  };
}

function verify(i: number, reply: unknown): void {
  if ((i & 1) === 0) assert.ok(reply === true || reply === "OK", `answered ${String(reply)}`);
  else assert.equal(reply, TEXT_16);
}

/** The value of an `[error, value]` pair, or the value itself. */
function withoutError(reply: unknown): unknown {
  if (!Array.isArray(reply)) return reply;
  assert.equal(reply[0], null);
  return reply[1];
}
