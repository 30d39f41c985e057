/** Names of classes in a minified bundle of the package, which renames the classes themselves. */
import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt } from "./built.js";
import { DIST } from "./paths.js";

const run = promisify(execFile);
const BUNDLE = join(DIST, "..", "node_modules", ".cache", `rediswire-minified-${process.pid}.mjs`);

/** Exports that are other names of a class, as in redis-py. */
const ALIASES = { StrictRedis: "Redis", SlaveNotFoundError: "ReplicaNotFoundError" };

const PROGRAM = `
  import { inspect } from "node:util";
  import * as api from "./index.js";
  const printed = [];
  const redis = new api.Redis("h");
  class Store extends api.Redis {}
  printed.push(String(redis), String(new Store("h")), inspect(redis.lock("k")));
  printed.push(String(new api.Sentinel([["h", 1]])), inspect(redis.monitor()));
  printed.push(inspect(redis.pipeline()), inspect(redis.pubsub().run(), { depth: -1 }));
  printed.push(inspect(new api.DataError("bad")).split("\\n")[0]);
  const classes = Object.entries(api).filter(([, value]) => /^class\\b/.test(String(value)));
  const names = Object.fromEntries(classes.map(([name, value]) => [name, value.name]));
  console.log(JSON.stringify({ printed, names, source: String(api.Redis).slice(0, 20) }));
`;

interface Output {
  readonly printed: string[];
  readonly names: Record<string, string>;
  readonly source: string;
}

describe("a minified bundle", () => {
  let output: Output;

  beforeAll(async () => {
    await ensureBuilt();
    const stdin = { contents: PROGRAM, resolveDir: DIST };
    const options = { bundle: true, minify: true, platform: "node", format: "esm" } as const;
    await build({ ...options, stdin, outfile: BUNDLE, logLevel: "silent" });
    output = JSON.parse((await run(process.execPath, [BUNDLE])).stdout);
  });
  afterAll(() => rm(BUNDLE, { force: true }));

  test("prints objects and errors with the names of their classes", () => {
    expect(output.printed).toEqual([
      "Redis<ConnectionPool<Connection<host=h,port=6379,db=0>>>",
      expect.stringMatching(/^\w+<ConnectionPool<Connection</),
      "Lock<not held>",
      "Sentinel<sentinels=[h:1]>",
      "Monitor {}",
      "Pipeline<0 commands, transaction>",
      "[PubSubWorker]",
      "DataError: bad",
    ]);
    expect(output.printed[1]).not.toMatch(/^Redis</);
  });

  test("exports every class under its own name, which the minifier has changed in the source", () => {
    const exported = Object.keys(output.names).map((name) => [name, name]);
    expect(output.names).toEqual({ ...Object.fromEntries(exported), ...ALIASES });
    expect(exported.length).toBeGreaterThan(40);
    expect(output.source).not.toContain("Redis");
  });
});
