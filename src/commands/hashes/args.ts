/**
 * Argument builders of hash commands for what the command table cannot express. They
 * report invalid arguments to the `ArgList`, never throw, and put no value into a message.
 */
import { isUint8Array } from "node:util/types";
import { isList } from "../core/arg-values.js";
import type { ArgList } from "../core/args.js";
import type { Value } from "../core/info.js";
import { valuePairs } from "../core/shared-args.js";
import type { Many, Mapping } from "../core/types.js";

/** Add the number of fields, then the fields, given as one field, a list or rest arguments. */
export function addCountedFields(
  args: ArgList,
  fields: Many<Value> | readonly Many<Value>[],
): void {
  const countIndex = args.words.push(0) - 1;
  for (const item of isList(fields) ? fields : [fields]) {
    // Options may precede the fields, so the encoder cannot derive an argument's name from its index.
    for (const field of isList(item) ? item : [item]) {
      args.value("each of fields", field as Value);
    }
  }
  const count = args.words.length - countIndex - 1;
  if (count === 0) args.invalid("fields", "must not be empty");
  args.words[countIndex] = count;
}

/** Add the number of pairs, then the pairs. */
export function addCountedPairs(args: ArgList, mapping: Mapping<Value, Value>): void {
  const countIndex = args.words.push(0) - 1;
  args.entries("mapping", mapping, (field, value) => {
    args.value("each field of mapping", field as Value);
    args.value("each value of mapping", value as Value);
  });
  args.words[countIndex] = (args.words.length - countIndex - 1) / 2;
}

/** Add the fields and values of HSET: one field, a mapping, or one field and a mapping. */
export function addHsetFields(
  args: ArgList,
  field: Value | Mapping<Value, Value>,
  ...[value, mapping]: [value: Value | undefined, mapping: Mapping<Value, Value> | undefined]
): void {
  if (typeof field === "object" && field !== null && !isUint8Array(field)) {
    if (value !== undefined || mapping !== undefined) {
      args.invalid("field", 'must be a name when argument "value" or "mapping" is given');
    }
    args.pairs("mapping", field);
    return;
  }
  args.value("field", field).value("value", value);
  if (mapping !== undefined) valuePairs(args, mapping);
}
