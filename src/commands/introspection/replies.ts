/**
 * Decodes the replies of COMMAND subcommands, whose maps and sets are flat arrays under RESP2.
 * Pure; a reply of unexpected shape is returned unchanged.
 */
import type { Reply } from "../../protocol/reply.js";
import { type Dictionary, itemsOf, toWord } from "../core/decode.js";
import { type Fields, fieldsOf, numberOf, wordOf, wordsOf } from "../core/reply-fields.js";
import type {
  CommandArgument,
  CommandChange,
  CommandDetails,
  CommandDocs,
  KeySearch,
  KeySpecification,
} from "./types.js";

const NO_FIELDS: Fields = new Map();

function listOf(reply: Reply | undefined): Reply[] {
  return itemsOf(reply ?? null) ?? [];
}

function searchOf(reply: Reply | undefined): KeySearch {
  const fields = fieldsOf(reply) ?? NO_FIELDS;
  const spec: Dictionary<string | number> = Object.create(null);
  for (const [name, value] of fieldsOf(fields.get("spec")) ?? NO_FIELDS) {
    const word = toWord(value);
    if (typeof word === "string" || typeof word === "number") spec[name] = word;
  }
  return { type: wordOf(fields.get("type")), spec };
}

function keySpecificationOf(reply: Reply): KeySpecification {
  const fields = fieldsOf(reply) ?? NO_FIELDS;
  const specification: KeySpecification = {
    flags: wordsOf(fields.get("flags")),
    beginSearch: searchOf(fields.get("begin_search")),
    findKeys: searchOf(fields.get("find_keys")),
  };
  const notes = fields.get("notes");
  if (notes !== undefined) specification.notes = wordOf(notes);
  return specification;
}

/** Servers before 7 omit everything after the categories, those before 6 after the step. */
function detailsOf(parts: readonly Reply[]): CommandDetails {
  const [name, arity, flags, first, last, step, categories, tips, keys, subcommands] = parts;
  return {
    name: wordOf(name),
    arity: numberOf(arity),
    flags: wordsOf(flags),
    firstKey: numberOf(first),
    lastKey: numberOf(last),
    step: numberOf(step),
    aclCategories: wordsOf(categories),
    tips: wordsOf(tips),
    keySpecifications: listOf(keys).map(keySpecificationOf),
    subcommands: listOf(subcommands).map((sub) => detailsOf(listOf(sub))),
  };
}

/** Decode the properties of commands; `null` for an unknown one. */
export function toCommandList(reply: Reply): unknown {
  return (
    itemsOf(reply)?.map((item) => {
      const parts = itemsOf(item);
      return parts === undefined ? item : detailsOf(parts);
    }) ?? reply
  );
}

/** Decode the properties of commands into an object by name. */
export function toCommandTable(reply: Reply): unknown {
  const items = itemsOf(reply);
  if (items === undefined) return reply;
  const table: Dictionary<CommandDetails> = Object.create(null);
  for (const item of items) {
    const details = detailsOf(listOf(item));
    table[details.name] = details;
  }
  return table;
}

/** Read members that are protocol strings, by their wire names. */
function wordFields<N extends string>(
  fields: Fields,
  names: readonly (readonly [wire: string, name: N])[],
): Partial<Record<N, string>> {
  const found: Partial<Record<N, string>> = {};
  for (const [wire, name] of names) {
    const value = fields.get(wire);
    if (value !== undefined) found[name] = wordOf(value);
  }
  return found;
}

const ARGUMENT_WORDS = [
  ["display_text", "displayText"],
  ["token", "token"],
  ["summary", "summary"],
  ["since", "since"],
  ["deprecated_since", "deprecatedSince"],
] as const;

const DOCS_WORDS = [
  ["summary", "summary"],
  ["since", "since"],
  ["group", "group"],
  ["complexity", "complexity"],
  ["module", "module"],
  ["deprecated_since", "deprecatedSince"],
  ["replaced_by", "replacedBy"],
] as const;

function argumentOf(reply: Reply): CommandArgument {
  const fields = fieldsOf(reply) ?? NO_FIELDS;
  const argument: CommandArgument = {
    name: wordOf(fields.get("name")),
    type: wordOf(fields.get("type")),
    flags: wordsOf(fields.get("flags")),
    arguments: listOf(fields.get("arguments")).map(argumentOf),
    ...wordFields(fields, ARGUMENT_WORDS),
  };
  const index = fields.get("key_spec_index");
  if (index !== undefined) argument.keySpecIndex = numberOf(index);
  return argument;
}

function changeOf(reply: Reply): CommandChange {
  const [version, change] = listOf(reply);
  return [wordOf(version), wordOf(change)];
}

function docsOf(reply: Reply): CommandDocs {
  const fields = fieldsOf(reply) ?? NO_FIELDS;
  return {
    docFlags: wordsOf(fields.get("doc_flags")),
    history: listOf(fields.get("history")).map(changeOf),
    arguments: listOf(fields.get("arguments")).map(argumentOf),
    subcommands: docsTable(fieldsOf(fields.get("subcommands")) ?? NO_FIELDS),
    ...wordFields(fields, DOCS_WORDS),
  };
}

function docsTable(fields: Fields): Dictionary<CommandDocs> {
  const table: Dictionary<CommandDocs> = Object.create(null);
  for (const [name, value] of fields) table[name] = docsOf(value);
  return table;
}

/** Decode the documentation of commands, by name. */
export function toCommandDocs(reply: Reply): unknown {
  const fields = fieldsOf(reply);
  return fields === undefined ? reply : docsTable(fields);
}

/** Decode `[key, flags]` pairs. */
export function toKeysAndFlags(reply: Reply): unknown {
  return (
    itemsOf(reply)?.map((item) => {
      const [key, flags] = itemsOf(item) ?? [];
      return key === undefined ? item : [key, wordsOf(flags)];
    }) ?? reply
  );
}
