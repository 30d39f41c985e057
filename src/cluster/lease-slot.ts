/** Finds the slot of the keys for which a connection is leased: those of a WATCH, or of a `client(key)`. Pure. */
import type { Key } from "../commands/core/info.js";
import { NO_SLOT } from "../commands/core/key-route.js";
import { keySlot } from "../commands/core/key-slot.js";
import { ClusterCrossSlotError } from "../errors.js";

/**
 * Return the slot of keys; `NO_SLOT` when there are none.
 *
 * @throws ClusterCrossSlotError when the keys are in different slots.
 */
export function slotOfLease(keys: readonly Key[], encoding: BufferEncoding): number {
  const slots = new Set(keys.map((key) => keySlot(key, encoding)));
  if (slots.size > 1) {
    const message =
      "WATCH has keys in different slots; give the keys one hash tag, such as {user1}";
    throw new ClusterCrossSlotError(message, { command: "WATCH", outcome: "not-sent" });
  }
  const [slot = NO_SLOT] = slots;
  return slot;
}
