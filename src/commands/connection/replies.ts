/**
 * Decodes the replies of HELLO, PING, CLIENT LIST, CLIENT INFO and CLIENT TRACKINGINFO. Pure; a
 * reply of unexpected shape is returned unchanged.
 */
import type { Reply } from "../../protocol/reply.js";
import { type Dictionary, itemsOf, toRecord, toRecords, toWord } from "../core/decode.js";
import type { DecodeContext } from "../core/info.js";
import { fieldsOf, numberOf, withNumbers, wordsOf } from "../core/reply-fields.js";
import type { ClientInfo, TrackingInfo } from "./types.js";

/** Numeric fields of CLIENT LIST and CLIENT INFO. */
const CLIENT_NUMBERS: ReadonlySet<string> = new Set(
  (
    "id fd age idle db sub psub ssub multi watch qbuf qbuf-free argv-mem multi-mem rbs rbp obl oll " +
    "omem tot-mem redir resp tot-net-in tot-net-out tot-cmds io-thread"
  ).split(" "),
);

/**
 * Parse `name=value` fields; a word without `=` continues the value before it, which contained a
 * space.
 */
export function clientFields(line: string): ClientInfo {
  const record: Dictionary<string> = Object.create(null);
  let last = "";
  for (const word of line.trim().split(" ")) {
    const at = word.indexOf("=");
    if (at > 0) {
      last = word.slice(0, at);
      record[last] = word.slice(at + 1);
    } else if (last !== "") {
      record[last] += ` ${word}`;
    }
  }
  return withNumbers(record, CLIENT_NUMBERS) as ClientInfo;
}

/** Decode HELLO, whose maps are flat arrays under RESP2. */
export function toHello(reply: Reply, context: DecodeContext): unknown {
  if (itemsOf(reply) === undefined) return reply;
  const hello = toRecord(reply, context) as Record<string, unknown>;
  hello.modules = toRecords((hello.modules ?? []) as Reply, context);
  return hello;
}

/** Decode CLIENT TRACKINGINFO, whose flags are a set under RESP3. */
export function toTrackingInfo(reply: Reply): unknown {
  const fields = fieldsOf(reply);
  if (fields === undefined) return reply;
  const info: TrackingInfo<string | Buffer> = {
    flags: wordsOf(fields.get("flags")),
    redirect: numberOf(fields.get("redirect")),
    prefixes: (itemsOf(fields.get("prefixes") ?? []) ?? []) as (string | Buffer)[],
  };
  return info;
}

/** Convert `PONG`, also in its array form on a subscribed connection, to `true`. */
export function toPong(reply: Reply): unknown {
  const word = toWord(Array.isArray(reply) ? (reply[0] ?? null) : reply);
  return typeof word === "string" && word.toUpperCase() === "PONG" ? true : reply;
}

/** Decode the lines of CLIENT LIST. */
export function toClientList(reply: Reply): unknown {
  if (typeof reply !== "string") return reply;
  return reply
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(clientFields);
}

/** Decode the line of CLIENT INFO. */
export function toClientInfo(reply: Reply): unknown {
  return typeof reply === "string" ? clientFields(reply) : reply;
}
