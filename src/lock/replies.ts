/**
 * Reads the replies to the commands of locks. A reply that is not exactly one of the expected values is an error,
 * so that no odd reply is taken for a lock. Pure.
 */
import { isUint8Array } from "node:util/types";
import { DataError, DecodeError, InvalidResponse, RedisError } from "../errors.js";

function unexpectedReply(command: string): InvalidResponse {
  const message = `${command}: the reply does not fit a lock`;
  return new InvalidResponse(message, { code: "EPROTO", command });
}

/** Read the reply to SET NX; returns whether the lock was taken. */
export function setReply(reply: unknown): boolean {
  if (reply === true || reply === "OK") return true;
  if (reply === null) return false;
  throw unexpectedReply("SET");
}

/** Read an integer that a number represents exactly, from -1 on. */
export function countReply(command: string, reply: unknown): number {
  const count = typeof reply === "bigint" ? Number(reply) : reply;
  if (Number.isSafeInteger(count) && (count as number) >= -1) return count as number;
  throw unexpectedReply(command);
}

/** Read 1 or 0; returns whether it is 1. */
export function flagReply(command: string, reply: unknown): boolean {
  const flag = countReply(command, reply);
  if (flag === 1 || flag === 0) return flag === 1;
  throw unexpectedReply(command);
}

/** Read a string value; returns its bytes, or `null`. */
export function valueReply(command: string, reply: unknown): Uint8Array | null {
  if (reply === null || isUint8Array(reply)) return reply;
  if (typeof reply === "string") return Buffer.from(reply);
  throw unexpectedReply(command);
}

/** Whether an error shows that the command was not executed: it was invalid, or the server refused it. */
function isRefusal(error: unknown): boolean {
  if (error instanceof DecodeError || error instanceof InvalidResponse) return false;
  return error instanceof DataError || (error instanceof RedisError && error.outcome === undefined);
}

/** Whether a command that failed may have been executed all the same. */
export function mayHaveRun(error: unknown): boolean {
  const { outcome } = Object(error) as Partial<RedisError>;
  return outcome !== "not-sent" && !isRefusal(error);
}

/** Whether the reply to a command that may have been executed arrived, but cannot be understood. */
export function isOddReply(error: unknown): boolean {
  return mayHaveRun(error) && (Object(error) as Partial<RedisError>).outcome === undefined;
}
