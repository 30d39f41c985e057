/** Decodes the replies of ACL commands. Pure; a reply of unexpected shape is returned unchanged. */
import type { Reply } from "../../protocol/reply.js";
import { clientFields } from "../connection/replies.js";
import { itemsOf } from "../core/decode.js";
import type { DecodeContext } from "../core/info.js";
import { type Fields, fieldsOf, numberOf, textOf, wordsOf } from "../core/reply-fields.js";
import type { AclLogEntry, AclPermissions, AclUser } from "./types.js";

const NO_FIELDS: Fields = new Map();

/** Read rules: one text since Redis 7, a list in Redis 6. */
function rulesOf(reply: Reply | undefined, context: DecodeContext): string[] {
  const items = itemsOf(reply ?? null);
  if (items !== undefined) return items.map((item) => textOf(item, context));
  return textOf(reply, context)
    .split(" ")
    .filter((rule) => rule !== "");
}

function permissionsOf(fields: Fields, context: DecodeContext): AclPermissions {
  const rules = rulesOf(fields.get("commands"), context);
  return {
    commands: rules.filter((rule) => !rule.includes("@")),
    categories: rules.filter((rule) => rule.includes("@")),
    keys: rulesOf(fields.get("keys"), context),
    channels: rulesOf(fields.get("channels"), context),
  };
}

/** Decode ACL GETUSER; null is unchanged. */
export function toAclUser(reply: Reply, context: DecodeContext): unknown {
  const fields = fieldsOf(reply);
  if (fields === undefined) return reply;
  const flags = wordsOf(fields.get("flags"));
  const selectors = itemsOf(fields.get("selectors") ?? []) ?? [];
  const user: AclUser = {
    flags,
    enabled: flags.includes("on"),
    passwords: wordsOf(fields.get("passwords")),
    ...permissionsOf(fields, context),
    selectors: selectors.map((item) => permissionsOf(fieldsOf(item) ?? NO_FIELDS, context)),
  };
  return user;
}

function logEntryOf(fields: Fields, context: DecodeContext): AclLogEntry {
  const text = (name: string) => textOf(fields.get(name), context);
  const entry: AclLogEntry = {
    count: numberOf(fields.get("count")),
    reason: text("reason"),
    context: text("context"),
    object: text("object"),
    username: text("username"),
    ageSeconds: numberOf(fields.get("age-seconds")),
    clientInfo: clientFields(text("client-info")),
  };
  const [id, created, updated] = ["entry-id", "timestamp-created", "timestamp-last-updated"].map(
    (name) => fields.get(name),
  );
  if (id !== undefined) entry.entryId = numberOf(id);
  if (created !== undefined) entry.timestampCreated = new Date(numberOf(created));
  if (updated !== undefined) entry.timestampLastUpdated = new Date(numberOf(updated));
  return entry;
}

/** Decode ACL LOG, or `OK` of its RESET. Needs ALWAYS_BYTES, since keys may be invalid text. */
export function toAclLog(reply: Reply, context: DecodeContext): unknown {
  if (reply === "OK") return true;
  return (
    itemsOf(reply)?.map((item) => {
      const fields = fieldsOf(item);
      return fields === undefined ? item : logEntryOf(fields, context);
    }) ?? reply
  );
}
