/**
 * Argument builders of vector set commands for what the command table cannot express. They
 * report invalid arguments to the `ArgList`, never throw, and put no value into a message.
 */

import { isFloat32Array, isUint8Array } from "node:util/types";
import { byteLengthOf } from "../../util/bytes.js";
import { describe } from "../core/arg-values.js";
import { type ArgList, token } from "../core/args.js";
import type { Integer } from "../core/types.js";
import type { Vector, VectorQuery } from "./types.js";

const ELE = token("ELE");
const FP32 = token("FP32");
const REDUCE = token("REDUCE");
const VALUES = token("VALUES");

const FLOAT_BYTES = 4;
const VECTOR_FORMATS = "an array of numbers, a Float32Array or the bytes of 32-bit floats";

/** Add the vector of VADD, preceded by the number of dimensions to reduce it to. */
export function addVaddVector(
  args: ArgList,
  vector: Vector,
  options: { readonly reduceDim?: Integer | undefined } | undefined,
): void {
  const reduceDim = options?.reduceDim;
  if (reduceDim !== undefined) args.add(REDUCE).count("options.reduceDim", reduceDim);
  addVector(args, "vector", vector);
}

/** Add the vector or element that VSIM searches for. */
export function addVectorQuery(args: ArgList, query: VectorQuery): void {
  if (typeof query === "string") args.add(ELE).add(query);
  else if (isElementQuery(query)) args.add(ELE).value("query.element", query.element);
  else addVector(args, "query", query);
}

function isElementQuery(query: unknown): query is Exclude<VectorQuery, Vector | string> {
  return typeof query === "object" && query !== null && Object.hasOwn(query, "element");
}

function addVector(args: ArgList, what: string, vector: unknown): void {
  if (isFloat32Array(vector)) addBytes(args, what, floatBytes(vector));
  else if (isUint8Array(vector)) addBytes(args, what, vector);
  else if (Array.isArray(vector)) addNumbers(args, what, vector);
  else args.invalid(what, `must be ${VECTOR_FORMATS}, got ${describe(vector)}`);
}

function addBytes(args: ArgList, what: string, bytes: Uint8Array): void {
  const length = byteLengthOf(bytes);
  if (length === 0) args.invalid(what, "must not be empty");
  else if (length % FLOAT_BYTES === 0) args.add(FP32).add(bytes);
  else args.invalid(what, `must hold 4 bytes per number, got ${length} bytes`);
}

function addNumbers(args: ArgList, what: string, numbers: readonly unknown[]): void {
  if (numbers.length === 0) args.invalid(what, "must not be empty");
  args.add(VALUES).add(numbers.length);
  for (const number of numbers) args.decimal(`each number of ${what}`, number as number);
}

/** Encode floats as little-endian, whatever the byte order of the machine. */
function floatBytes(floats: Float32Array): Buffer {
  const bytes = Buffer.allocUnsafe(floats.length * FLOAT_BYTES);
  for (const [i, float] of floats.entries()) bytes.writeFloatLE(float, i * FLOAT_BYTES);
  return bytes;
}
