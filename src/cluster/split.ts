/**
 * Commands with keys in several slots of which each slot's part is a command of its own: divides the arguments by
 * slot, and merges the replies. The parts are independent: some may succeed while others fail.
 */
import type { Arg, Key } from "../commands/core/info.js";
import { CommandInfo, SPLIT } from "../commands/core/info.js";
import { keySlot } from "../commands/core/key-slot.js";
import { MGET, MSET } from "../commands/generated/infos-data.js";
import { deriveError, RedisError } from "../errors.js";
import { type ExecutionContext, execute } from "../execution/execute.js";
import type { Command } from "../execution/executor.js";
import type { Settings } from "../options/types.js";
import type { Encoder } from "../protocol/encoder.js";
import type { Reply } from "../protocol/reply.js";

/** MGET with keys in any slots. */
export const MGET_NONATOMIC = splittable(MGET);
/** MSET with keys in any slots. */
export const MSET_NONATOMIC = splittable(MSET);

/** The arguments of one slot. */
export interface Part {
  readonly args: Arg[];
  /** Positions of its keys among the keys of the command. */
  readonly positions: number[];
}

function splittable({ name, params, flags, keys, decode }: CommandInfo): CommandInfo {
  const init = { params, keys, flags: flags | SPLIT };
  return new CommandInfo(name, decode === undefined ? init : { ...init, decode });
}

/** Number of arguments per key. */
function stepOf({ name }: CommandInfo): number {
  return name === "MSET" ? 2 : 1;
}

/** What arguments are checked and divided with. */
export interface SplitSettings {
  readonly encoder: Encoder;
  readonly settings: Pick<Settings, "encoding">;
}

/** Divide arguments by the slots of their keys, in the order of the first key of each slot. */
export function divide(info: CommandInfo, args: readonly Arg[], encoding: BufferEncoding): Part[] {
  const step = stepOf(info);
  const parts = new Map<number, Part>();
  for (let at = 0; at < args.length; at += step) {
    const slot = keySlot(args[at] as Key, encoding);
    const part = parts.get(slot) ?? { args: [], positions: [] };
    parts.set(slot, part);
    part.args.push(...args.slice(at, at + step));
    part.positions.push(at / step);
  }
  return [...parts.values()];
}

/** Merge the replies of the parts into the reply of the whole command. */
export function merge(info: CommandInfo, parts: readonly Part[], replies: readonly Reply[]): Reply {
  if (info.name === "MSET") return "OK";
  if (info.name !== "MGET") return replies.reduce<number>((sum, count) => sum + Number(count), 0);
  const values: Reply[] = [];
  for (const [i, { positions }] of parts.entries()) {
    const part = replies[i] as readonly Reply[];
    for (const [j, position] of positions.entries()) values[position] = part[j] as Reply;
  }
  return values;
}

/**
 * The error of the whole command.
 *
 * @param results - Outcomes of the parts, one at least rejected.
 * @returns The first error; with outcome `"unknown"` when another part may have been executed.
 */
export function errorOf(results: readonly PromiseSettledResult<unknown>[]): unknown {
  const errors = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason as unknown] : [],
  );
  const isNotSent = (error: unknown): boolean =>
    error instanceof RedisError && error.outcome === "not-sent";
  const [first] = errors;
  if (!isNotSent(first) || (errors.length === results.length && errors.every(isNotSent)))
    return first;
  return deriveError(first as RedisError, { outcome: "unknown" });
}

/**
 * Execute a command whose flags include SPLIT, in one part per slot.
 *
 * @returns Its value.
 * @throws DataError for an argument that cannot be sent, before anything is; otherwise the first error, after
 * all parts have settled.
 */
export async function executeSplit(
  context: ExecutionContext,
  command: Command,
  { encoder, settings }: SplitSettings,
): Promise<unknown> {
  const { info, args, decode } = command;
  encoder.check(info, args);
  const parts = divide(info, args, settings.encoding);
  if (parts.length < 2) return await execute(context, command);
  const results = await Promise.allSettled(
    parts.map((part) => execute(context, { info, args: part.args, decode: undefined })),
  );
  const replies = results.flatMap((result) =>
    result.status === "fulfilled" ? [result.value as Reply] : [],
  );
  if (replies.length !== parts.length) throw errorOf(results);
  const merged = merge(info, parts, replies);
  const { bytes, bytesContext, textContext } = context.call;
  return decode === undefined ? merged : decode(merged, bytes ? bytesContext : textContext);
}
