/**
 * Decoders of vector set commands, with the same result under RESP2 and RESP3. Pure; an unexpected
 * shape is returned unchanged.
 */
import type { Reply } from "../../protocol/reply.js";
import { itemsOf, toDouble, toDoubles, toScorePairs, toWord } from "../core/decode.js";
import type { Decoder } from "../core/info.js";
import { fieldsOf, numberOf, wordOf } from "../core/reply-fields.js";
import type { RawVector, VectorSetInfo } from "./types.js";

/** Decode VEMB RAW to `{ quantization, data, norm, range }`; null is returned unchanged. */
function toRawVector(reply: Reply): unknown {
  const items = itemsOf(reply);
  if (items === undefined) return reply;
  const [quantization = null, data = null, norm = null, range] = items;
  if (!Buffer.isBuffer(data)) return reply;
  const vector: RawVector = {
    quantization: String(toWord(quantization)),
    data,
    norm: toDouble(norm) as number,
  };
  if (range !== undefined) vector.range = toDouble(range) as number;
  return vector;
}

/** Select the decoder of a VEMB call. */
export function selectVembDecoder(
  options: { readonly raw?: boolean | undefined } | undefined,
): Decoder {
  return options?.raw === true ? toRawVector : toDoubles;
}

/** Decode VLINKS WITHSCORES: per level, `[element, similarity]` pairs; null is returned unchanged. */
export function toLinkScores(reply: Reply): unknown {
  return itemsOf(reply)?.map(toScorePairs) ?? reply;
}

/** Decode VINFO; null is returned unchanged. */
export function toVectorSetInfo(reply: Reply): unknown {
  const fields = fieldsOf(reply);
  if (fields === undefined) return reply;
  const number = (name: string) => numberOf(fields.get(name));
  const info: VectorSetInfo = {
    quantType: wordOf(fields.get("quant-type")),
    hnswM: number("hnsw-m"),
    vectorDim: number("vector-dim"),
    projectionInputDim: number("projection-input-dim"),
    size: number("size"),
    maxLevel: number("max-level"),
    attributesCount: number("attributes-count"),
    vsetUid: number("vset-uid"),
    hnswMaxNodeUid: number("hnsw-max-node-uid"),
  };
  return info;
}
