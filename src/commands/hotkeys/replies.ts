/** Decodes HOTKEYS GET. Pure; a reply of unexpected shape is returned unchanged. */
import { MapReply, type Reply } from "../../protocol/reply.js";
import { itemsOf, toPairs } from "../core/decode.js";
import { recordWith } from "../core/decode-records.js";
import type { DecodeContext, Decoder } from "../core/info.js";

const toReport: Decoder = recordWith({ "by-cpu-time-us": toPairs, "by-net-bytes": toPairs });

/** Decode the list of reports; the first servers with HOTKEYS return one report without a list. */
export function toHotkeys(reply: Reply, context: DecodeContext): unknown {
  const items = itemsOf(reply);
  if (items === undefined) return reply;
  const isList = !(reply instanceof MapReply) && items.every((item) => itemsOf(item) !== undefined);
  return isList ? items.map((item) => toReport(item, context)) : [toReport(reply, context)];
}
