/**
 * Owns argument shapes of the commands on single fields of hashes. The rules are those of
 * `builders.ts`: no throwing, no values in messages.
 */
import type { ArgList } from "../core/args.js";
import type { Value } from "../core/info.js";
import { valuePairs } from "../core/shared-args.js";
import type { Many, Mapping } from "../core/types.js";

const isMany = (fields: unknown): fields is readonly unknown[] | ReadonlySet<unknown> =>
  Array.isArray(fields) || fields instanceof Set;

/** Add the number of fields and the fields, given as one, as a list, or as rest arguments. */
export function countedFields(args: ArgList, fields: Many<Value> | readonly Many<Value>[]): void {
  const at = args.words.push(0) - 1;
  for (const item of isMany(fields) ? fields : [fields]) {
    // Options may stand before the fields, so the encoder could not count which one is bad.
    for (const field of isMany(item) ? item : [item]) {
      args.value("each of fields", field as Value);
    }
  }
  const count = args.words.length - at - 1;
  if (count === 0) args.invalid("fields", "must not be empty");
  args.words[at] = count;
}

/** Add the number of pairs, and the pairs. */
export function countedPairs(args: ArgList, mapping: Mapping<Value, Value>): void {
  const at = args.words.push(0) - 1;
  args.entries("mapping", mapping, (field, value) => {
    args.value("each field of mapping", field as Value);
    args.value("each value of mapping", value as Value);
  });
  args.words[at] = (args.words.length - at - 1) / 2;
}

/** Add what HSET sets: one field, a mapping, or one field and then a mapping. */
export function hsetFields(
  args: ArgList,
  field: Value | Mapping<Value, Value>,
  ...[value, mapping]: [value: Value | undefined, mapping: Mapping<Value, Value> | undefined]
): void {
  if (typeof field === "object" && field !== null && !(field instanceof Uint8Array)) {
    if (value !== undefined || mapping !== undefined) {
      args.invalid("field", 'must be a name when argument "value" or "mapping" is given');
    }
    args.pairs("mapping", field);
    return;
  }
  args.value("field", field).value("value", value);
  if (mapping !== undefined) valuePairs(args, mapping);
}
