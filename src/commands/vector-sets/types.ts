/** Public types of vector set commands. */
import type { Value } from "../core/info.js";

/**
 * A vector: numbers (sent as text), 32-bit floats (sent as 4 bytes each), or the bytes of
 * little-endian 32-bit floats.
 */
export type Vector = readonly number[] | Float32Array | Uint8Array;

/** Query of `vsim`: a vector, the name of an element, or `{ element }` for a binary name. */
export type VectorQuery =
  | Vector
  | string
  | {
      /** Name of the element. */
      readonly element: Value;
    };

/** Storage of vector components: 32-bit floats, 8 bits each, or one bit each. */
export type VectorQuantization = "NOQUANT" | "Q8" | "BIN" | "noquant" | "q8" | "bin";

/** A vector as the server stores it. */
export interface RawVector {
  /** `"f32"`, `"int8"` or `"bin"`. */
  quantization: string;
  /** Stored components: little-endian 32-bit floats, one signed byte each, or one bit each. */
  data: Buffer;
  /** Norm of the vector before it was normalized. */
  norm: number;
  /** Value represented by a byte of 127; only for `"int8"`. */
  range?: number;
}

/** Reply of VINFO. */
export interface VectorSetInfo {
  /** `"f32"`, `"int8"` or `"bin"`. */
  quantType: string;
  /** Maximum number of links per element (`M` of the HNSW graph). */
  hnswM: number;
  /** Number of dimensions as stored. */
  vectorDim: number;
  /** Number of dimensions before reduction; 0 without reduction. */
  projectionInputDim: number;
  /** Number of elements. */
  size: number;
  /** Highest level of the HNSW graph. */
  maxLevel: number;
  /** Number of elements with attributes. */
  attributesCount: number;
  /** ID of the set, unique on the server. */
  vsetUid: number;
  /** ID of the element added last. */
  hnswMaxNodeUid: number;
}
