/** Owns the types of the vector set commands. Types only. */
import type { Value } from "../core/info.js";

/**
 * A vector: numbers, 32-bit floats (which go out as they are, in fewer bytes), or the bytes of such
 * floats, little-endian.
 */
export type Vector = readonly number[] | Float32Array | Uint8Array;

/** What to look for: a vector, the name of an element, or `{ element }` for one that is no text. */
export type VectorQuery =
  | Vector
  | string
  | {
      /** Name of the element. */
      readonly element: Value;
    };

/** How the numbers of a vector set are stored: as they are, in 8 bits each, or in one bit each. */
export type VectorQuantization = "NOQUANT" | "Q8" | "BIN" | "noquant" | "q8" | "bin";

/** A vector as the server stores it. */
export interface RawVector {
  /** `"f32"`, `"int8"` or `"bin"`. */
  quantization: string;
  /** The stored numbers: 32-bit floats little-endian, one signed byte each, or one bit each. */
  data: Buffer;
  /** Length of the vector before it was normalized. */
  norm: number;
  /** What a byte of 127 stands for; for `"int8"` only. */
  range?: number;
}

/** What a server tells about a vector set. */
export interface VectorSetInfo {
  /** `"f32"`, `"int8"` or `"bin"`. */
  quantType: string;
  /** Most links an element has to others. */
  hnswM: number;
  /** Numbers in a vector as stored. */
  vectorDim: number;
  /** Numbers in a vector as given, when they are reduced; otherwise 0. */
  projectionInputDim: number;
  /** How many elements there are. */
  size: number;
  /** Highest level of the graph. */
  maxLevel: number;
  /** How many elements have attributes. */
  attributesCount: number;
  /** Number of the set, unique in the server. */
  vsetUid: number;
  /** Number of the element added last. */
  hnswMaxNodeUid: number;
}
