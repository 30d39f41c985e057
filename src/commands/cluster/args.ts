/** Owns the argument shapes of cluster commands, under the rules of `args.ts`. */
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

function flat(items: readonly Many<Integer>[]): Integer[] {
  return items.flatMap((item): Integer[] => {
    if (typeof item === "object" && item !== null && Symbol.iterator in item) return [...item];
    return [item as Integer];
  });
}

/** Add slots, each checked. */
export function slotNumbers(args: ArgList, slots: readonly Many<Integer>[]): void {
  const numbers = flat(slots);
  if (numbers.length === 0) args.fail('"slots" must not be empty');
  for (const number of numbers) args.count('each of "slots"', number);
}

/** Add first and last slots of ranges, given as pairs or one after the other. */
export function slotRanges(args: ArgList, ranges: readonly Many<Integer>[]): void {
  const numbers = flat(ranges);
  if (numbers.length === 0) args.fail('"ranges" must not be empty');
  if (numbers.length % 2 !== 0) args.fail('"ranges" must hold a first and a last slot each');
  for (const number of numbers) args.count('each of "ranges"', number);
}

/** Add the node a slot's new state speaks of; the stable one speaks of none. */
export function slotNode(args: ArgList, state: SlotState, nodeId: Value | undefined): void {
  if (args.error !== undefined) return;
  const isStable = state.toUpperCase() === "STABLE";
  if (isStable && nodeId !== undefined)
    args.fail('"nodeId" must be left out when "state" is "STABLE"');
  if (!isStable) args.free('"nodeId"', nodeId);
}

/** What {@link slotStats} reads. */
export interface SlotStatsShape {
  readonly startSlot?: Integer | undefined;
  readonly endSlot?: Integer | undefined;
  readonly orderBy?: SlotMetric | undefined;
  readonly limit?: Integer | undefined;
  readonly sort?: "ASC" | "DESC" | "asc" | "desc" | undefined;
}

/** Add which slots to tell about: a range, or the first by some number. */
export function slotStats(args: ArgList, options: SlotStatsShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { startSlot, endSlot, orderBy, limit, sort } = options;
  if (orderBy === undefined) {
    if (startSlot === undefined && endSlot === undefined) {
      args.fail('one of the options "startSlot", "endSlot", "orderBy" must be given');
    } else if (startSlot === undefined || endSlot === undefined) {
      args.fail('options "startSlot" and "endSlot" must be given together');
    }
    if (limit !== undefined) args.fail('option "limit" needs option "orderBy"');
    if (sort !== undefined) args.fail('option "sort" needs option "orderBy"');
    args.add(SLOTSRANGE).count('option "startSlot"', startSlot as Integer);
    args.count('option "endSlot"', endSlot as Integer);
    return;
  }
  args.add(ORDERBY).word('option "orderBy"', orderBy, METRICS);
  if (limit !== undefined) args.add(LIMIT).count('option "limit"', limit);
  if (sort !== undefined) args.word('option "sort"', sort, ORDERS);
}
