/**
 * Owns how vectors become words of a command. The rules are those of `builders.ts`: no throwing, no
 * values in messages.
 */
import { type ArgList, token } from "../core/args.js";
import type { Integer } from "../core/types.js";
import type { Vector, VectorQuery } from "./types.js";

const ELE = token("ELE");
const FP32 = token("FP32");
const REDUCE = token("REDUCE");
const VALUES = token("VALUES");

const FLOAT_BYTES = 4;
const WANTED = "numbers in an array, a Float32Array, or the bytes of 32-bit floats";

/** Add the vector of VADD, after the number of dimensions it is to be reduced to. */
export function vectorToAdd(
  args: ArgList,
  vector: Vector,
  options: { readonly reduceDim?: Integer | undefined } | undefined,
): void {
  const reduceDim = options?.reduceDim;
  if (reduceDim !== undefined) args.add(REDUCE).count("options.reduceDim", reduceDim);
  addVector(args, "vector", vector);
}

/** Add what VSIM looks for. */
export function vectorQuery(args: ArgList, query: VectorQuery): void {
  if (typeof query === "string") args.add(ELE).add(query);
  else if (isNamed(query)) args.add(ELE).value("query.element", query.element);
  else addVector(args, "query", query);
}

function isNamed(query: unknown): query is Exclude<VectorQuery, Vector | string> {
  return typeof query === "object" && query !== null && "element" in query;
}

function addVector(args: ArgList, what: string, vector: unknown): void {
  if (vector instanceof Float32Array) addBytes(args, what, floatBytes(vector));
  else if (vector instanceof Uint8Array) addBytes(args, what, vector);
  else if (Array.isArray(vector)) addNumbers(args, what, vector);
  else args.invalid(what, `must be ${WANTED}`);
}

function addBytes(args: ArgList, what: string, bytes: Uint8Array): void {
  if (bytes.byteLength === 0) args.invalid(what, "must not be empty");
  else if (bytes.byteLength % FLOAT_BYTES === 0) args.add(FP32).add(bytes);
  else args.invalid(what, `must be 4 bytes for each number, got ${bytes.byteLength} bytes`);
}

function addNumbers(args: ArgList, what: string, numbers: readonly unknown[]): void {
  if (numbers.length === 0) args.invalid(what, "must not be empty");
  args.add(VALUES).add(numbers.length);
  for (const number of numbers) args.decimal(`each number of ${what}`, number as number);
}

/** The floats in the byte order the server wants, whatever the machine's is. */
function floatBytes(floats: Float32Array): Buffer {
  const bytes = Buffer.allocUnsafe(floats.length * FLOAT_BYTES);
  for (const [i, float] of floats.entries()) bytes.writeFloatLE(float, i * FLOAT_BYTES);
  return bytes;
}
