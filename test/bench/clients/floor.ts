/** Adapter of the raw-socket baseline. */
import { Floor } from "../floor.js";
import type { Adapter, Target } from "./adapter.js";

/** Above this length, copying a value into one string costs more than writing it separately. */
const LONG = 16_384;

export async function openFloor(target: Target): Promise<Adapter> {
  const floor = await Floor.connect(target);
  return {
    get: (key) => floor.call(["GET", key]),
    set: (key, value) => {
      if (value.length < LONG) return floor.call(["SET", key, value]);
      return floor.callLong(["SET", key], value);
    },
    getBytes: (key) => floor.call(["GET", key], true),
    setBytes: (key, value) => floor.callLong(["SET", key], value),
    mget: (keys) => floor.call(["MGET", ...keys]),
    lrange: (key) => floor.call(["LRANGE", key, "0", "-1"]),
    hgetall: (key) => floor.call(["HGETALL", key]),
    zrangeWithScores: (key) => floor.call(["ZRANGE", key, "0", "-1", "WITHSCORES"]),
    xrange: (key) => floor.call(["XRANGE", key, "-", "+"]),
    pipelineGet: (keys) => Promise.all(keys.map((key) => floor.call(["GET", key]))),
    pipelineSet: (keys, value) => Promise.all(keys.map((key) => floor.call(["SET", key, value]))),
    close: async () => floor.close(),
  };
}
