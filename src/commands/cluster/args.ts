/**
 * Builds the arguments of cluster commands that the command table cannot express. Like all argument
 * builders, these functions do not throw and put no values into messages.
 */
import { flattened } from "../core/arg-values.js";
import { type ArgList, token } from "../core/args.js";
import { Choice } from "../core/choice.js";
import type { Value } from "../core/info.js";
import type { Integer, Many } from "../core/types.js";
import type { SlotMetric, SlotState } from "./types.js";

const SLOTSRANGE = token("SLOTSRANGE");
const ORDERBY = token("ORDERBY");
const LIMIT = token("LIMIT");
const METRICS = new Choice("KEY-COUNT", "CPU-USEC", "NETWORK-BYTES-IN", "NETWORK-BYTES-OUT");
const ORDERS = new Choice("ASC", "DESC");

/** Check and add slot numbers. */
export function slotNumbers(args: ArgList, slots: readonly Many<Integer>[]): void {
  const numbers = flattened(slots);
  if (numbers.length === 0) args.invalid("slots", "must not be empty");
  for (const number of numbers) args.count("each of slots", number);
}

/** Check and add first and last slot of each range, given as pairs or flat. */
export function slotRanges(args: ArgList, ranges: readonly Many<Integer>[]): void {
  const numbers = flattened(ranges);
  if (numbers.length === 0) args.invalid("ranges", "must not be empty");
  if (numbers.length % 2 !== 0) args.invalid("ranges", "must hold a first and a last slot each");
  for (const number of numbers) args.count("each of ranges", number);
}

/** Add the node of the new slot state; STABLE has none. */
export function slotNode(args: ArgList, state: SlotState, nodeId: Value | undefined): void {
  if (args.error !== undefined) return;
  const isStable = state.toUpperCase() === "STABLE";
  if (isStable && nodeId !== undefined)
    args.invalid("nodeId", 'must be left out when argument "state" is "STABLE"');
  if (!isStable) args.value("nodeId", nodeId);
}

/** The options that {@link slotStats} reads. */
export interface SlotStatsShape {
  readonly startSlot?: Integer | undefined;
  readonly endSlot?: Integer | undefined;
  readonly orderBy?: SlotMetric | undefined;
  readonly limit?: Integer | undefined;
  readonly sort?: "ASC" | "DESC" | "asc" | "desc" | undefined;
}

/** Add the selection of CLUSTER SLOT-STATS: a range of slots, or the first slots by a metric. */
export function slotStats(args: ArgList, options: SlotStatsShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { startSlot, endSlot, orderBy, limit, sort } = options;
  if (orderBy === undefined) {
    if (startSlot === undefined && endSlot === undefined) {
      args.fail('one of the options "startSlot", "endSlot", "orderBy" must be given');
    } else if (startSlot === undefined || endSlot === undefined) {
      args.fail('options "startSlot" and "endSlot" must be given together');
    }
    if (limit !== undefined) args.invalid("options.limit", 'needs option "orderBy"');
    if (sort !== undefined) args.invalid("options.sort", 'needs option "orderBy"');
    args.add(SLOTSRANGE).count("options.startSlot", startSlot as Integer);
    args.count("options.endSlot", endSlot as Integer);
    return;
  }
  args.add(ORDERBY).keyword("options.orderBy", orderBy, METRICS);
  if (limit !== undefined) args.add(LIMIT).count("options.limit", limit);
  if (sort !== undefined) args.keyword("options.sort", sort, ORDERS);
}
