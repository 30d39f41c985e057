/**
 * Checks what an editor completes inside `{ }` of every options object: exactly the options, and none of the
 * thousand global names that are listed where the compiler finds no type for the object.
 */
import ts from "typescript";
import { beforeAll, describe, expect, test } from "vitest";
import { OWN_WRITES, SESSION } from "../../src/commands/core/info.js";
import { hasMethod } from "../../src/commands/generator/infos.js";
import { nameOf } from "../../src/commands/generator/methods.js";
import { flatOptions } from "../../src/commands/generator/options.js";
import { THEMES } from "../../src/commands/groups.js";
import { ensureBuilt } from "../package/built.js";
import { languageService } from "../package/language-service.js";
import { DIST, ROOT } from "../package/paths.js";
import { argumentOf } from "../support/canonical-calls.js";

const PROGRAM = `${ROOT}test/types/virtual-completion.mts`;
const DECLARATIONS = [`${DIST}index.d.ts`, `${DIST}testing.d.ts`];

const HEAD = `import * as api from "rediswire";
import { Redis, Sentinel } from "rediswire";
import { startCluster, startServer } from "rediswire/testing";
declare const redis: Redis;
declare const session: api.DedicatedRedis;
declare const sentinel: Sentinel;
declare const batch: api.Pipeline;
declare const sub: api.PubSub;
declare const events: api.KeyspaceEvents;
declare const lock: api.Lock;
declare const library: api.Library;
declare const script: api.Script;
declare const retry: api.Retry;
`;

/** Calls with an empty options object, each with the exported type of the options and other names in it. */
const CALLS: readonly (readonly [call: string, type: string, ...more: string[]])[] = [
  ["new Redis({ })", "ClientOptions"],
  ['new Redis("redis://h", { })', "ClientOptions"],
  ['new Redis(new URL("redis://h"), { })', "ClientOptions"],
  ['new Redis("h", 6379, { })', "ClientOptions"],
  ["new api.StrictRedis({ })", "ClientOptions"],
  ['Redis.fromUrl("redis://h", { })', "ClientOptions"],
  ['api.fromUrl("redis://h", { })', "ClientOptions"],
  ["new api.RedisCluster({ })", "RedisClusterOptions"],
  ['new api.RedisCluster("redis://h", { })', "RedisClusterOptions"],
  ['new api.RedisCluster("h", 6379, { })', "RedisClusterOptions"],
  ['api.RedisCluster.fromUrl("redis://h", { })', "RedisClusterOptions"],
  ["new api.RedisCluster().with({ })", "ClusterCallOptions"],
  ['new api.RedisCluster().client("k").with({ })', "ClusterCallOptions"],
  ['new api.RedisCluster().with({ targetNodes: "all" }).with({ })', "CallOptions"],
  ['new api.RedisCluster().getNodeFromKey("k", { })', "NodeFromKeyOptions"],
  ["new api.RedisCluster().pubsub({ })", "ClusterPubSubOptions"],
  ["redis.with({ })", "CallOptions"],
  ["redis.client().with({ })", "CallOptions"],
  ["new Redis({ cache: { } })", "CacheOptions"],
  ["redis.with({ cache: { } })", "CallCacheOptions"],
  ['new Sentinel([["h", 1]], { cache: { } })', "CacheOptions"],
  ['sentinel.masterFor("m", { cache: { } })', "CacheOptions"],
  ["redis.pubsub({ })", "PubSubOptions"],
  ["redis.pipeline({ })", "PipelineOptions"],
  ['redis.lock("x", { })', "LockOptions", "lockClass"],
  ['new api.Lock(redis, "x", { })', "LockOptions"],
  ['redis.transaction((tx) => tx.multi(), "k", { })', "TransactionOptions"],
  ['redis.registerScript("return 1", { })', "ScriptOptions"],
  ['redis.bitfield("k", { })', "BitfieldOptions"],
  ["redis.scanIter({ })", "ScanOptions"],
  ['redis.hscanIter("h", { })', "HscanIterOptions"],
  ['redis.sscanIter("s", { })', "SscanOptions"],
  ['redis.zscanIter("z", { })', "ZscanIterOptions"],
  ['new Sentinel([["h", 1]], { })', "SentinelOptions"],
  ['sentinel.masterFor("m", { })', "SentinelClientOptions"],
  ['sentinel.replicaFor("m", { })', "SentinelClientOptions"],
  ['sentinel.slaveFor("m", { })', "SentinelClientOptions"],
  ["new api.ConnectionPool({ })", "PoolOptions"],
  ["new api.BlockingConnectionPool({ })", "BlockingPoolOptions"],
  ["new api.KeyspaceEvents(redis, { })", "KeyspaceOptions"],
  ["batch.exec({ })", "ExecOptions"],
  ["batch.execute({ })", "ExecOptions"],
  ["sub.getMessage({ })", "GetMessageOptions"],
  ["sub.run({ })", "RunOptions"],
  ["lock.acquire({ })", "AcquireOptions"],
  ["lock.hold({ })", "AcquireOptions"],
  ["lock.using(() => 1, { })", "UsingOptions"],
  ["lock.tryUsing(() => 1, { })", "TryUsingOptions"],
  ["lock.extend(1, { })", "ExtendOptions"],
  ["library.load({ })", "LoadOptions"],
  ['library.function("f", { })', "LibraryFunctionOptions"],
  ["script({ })", "ScriptArguments", "client"],
  ['library.function("f")({ })', "ScriptArguments", "client"],
  ["retry.callWithRetry(async () => 1, () => {}, { })", "RetryCallOptions"],
  ["startServer({ })", "StartServerOptions"],
  ["startCluster({ })", "StartClusterOptions"],
];

/** Types of options objects that no call takes directly. */
const INDIRECT = ["ClusterOnlyOptions", "ParserOptions", "ReadOptions", "RedisOptions"];

/** One call of each method with options, on a client and in a pipeline. */
const COMMANDS = THEMES.flatMap(({ entries }) => entries.filter(hasMethod)).flatMap((spec) => {
  const { options } = spec;
  if (options === undefined) return [];
  const args = spec.args.map((param) => JSON.stringify(argumentOf(spec, param)));
  const call = `${nameOf(spec)}(${[...args, "{ }"].join(", ")})`;
  const hidden = flatOptions(options).filter((option) => option.hidden === true);
  const more = hidden.map(({ name }) => name);
  return ["session", "batch"].map((host) => [`${host}.${call}`, options.type, ...more] as const);
});

const MEMBERS = ["redis.", "redis.client().", "redis.client().with({}).", "sentinel."];

const TEXT = [
  HEAD,
  ...[...CALLS, ...COMMANDS].map(([call]) => `${call};`),
  ...MEMBERS.map((one) => `${one}constructor;`),
].join("\n");

let service: ts.LanguageService;
let exported: ReadonlyMap<string, ts.Type>;

beforeAll(async () => {
  await ensureBuilt();
  service = languageService(PROGRAM, TEXT);
  exported = exportedTypes(service.getProgram() as ts.Program);
}, 180_000);

function exportedTypes(program: ts.Program): ReadonlyMap<string, ts.Type> {
  const checker = program.getTypeChecker();
  const symbols = DECLARATIONS.flatMap((path) => {
    const file = program.getSourceFile(path);
    return checker.getExportsOfModule(checker.getSymbolAtLocation(file as ts.Node) as ts.Symbol);
  });
  return new Map(
    symbols.map((symbol) => {
      const real = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return [symbol.name, checker.getDeclaredTypeOfSymbol(real)];
    }),
  );
}

/** The options of a type, of all members of a union. */
function optionsOf(name: string): string[] {
  const type = exported.get(name);
  if (type === undefined) throw new Error(`${name} is not exported`);
  const members = type.isUnion() ? type.types : [type];
  const names = members.flatMap((member) => member.getProperties().map((one) => one.name));
  return [...new Set(names)];
}

function completionsAt(position: number): string[] {
  const { entries = [] } = service.getCompletionsAtPosition(PROGRAM, position, undefined) ?? {};
  return entries.map((entry) => entry.name).sort();
}

/** What is completed inside the braces at the end of a call. */
function completed(call: string): string[] {
  return completionsAt(TEXT.indexOf(`\n${call};`) + 1 + call.lastIndexOf("{ }") + 2);
}

describe("completion inside an options object", () => {
  test.each(CALLS)("lists exactly the options in %s", (call, type, ...more) => {
    expect(completed(call)).toEqual([...optionsOf(type), ...more].sort());
  });

  test("lists exactly the options of every command, on clients and in pipelines", () => {
    expect(COMMANDS.length).toBeGreaterThan(180);
    const wrong = COMMANDS.flatMap(([call, type, ...more]) => {
      const wanted = optionsOf(type);
      const found = completed(call);
      const missing = wanted.filter((name) => !found.includes(name));
      const surplus = found.filter((name) => !wanted.includes(name) && !more.includes(name));
      return missing.length + surplus.length === 0 ? [] : [{ call, missing, surplus }];
    });
    expect(wrong).toEqual([]);
  });

  test("is tested for every exported type of options", () => {
    const tested = new Set([...CALLS, ...COMMANDS].map(([, type]) => type));
    const types = [...exported.keys()].filter((name) => name.endsWith("Options"));
    expect(types.filter((name) => !tested.has(name)).sort()).toEqual(INDIRECT);
  });
});

describe("completion of members", () => {
  const membersOf = (host: string) =>
    completionsAt(TEXT.indexOf(`\n${host}constructor;`) + 1 + host.length);
  /** The methods of commands that a shared connection refuses. */
  const refused = THEMES.flatMap(({ entries }) => entries.filter(hasMethod))
    .filter(({ flags = 0 }) => (flags & (SESSION | OWN_WRITES)) !== 0)
    .map(nameOf);

  test("lists the commands that need a dedicated connection for client() and its views only", () => {
    expect(refused).toEqual(expect.arrayContaining(["select", "wait", "clientTracking", "hello"]));
    const shared = membersOf("redis.");
    expect(shared).toEqual(expect.arrayContaining(["get", "clientInfo", "client", "quit"]));
    expect(shared.filter((name) => refused.includes(name))).toEqual([]);
    expect(membersOf("redis.client().")).toEqual(expect.arrayContaining(refused));
    expect(membersOf("redis.client().with({}).")).toEqual(expect.arrayContaining(refused));
  });

  test.each(MEMBERS)(
    "lists after %s neither internal members nor commands for developers of servers",
    (host) => {
      const internal = ["run", "reject", "resolve", "send", "pfdebug", "pfselftest"];
      const found = membersOf(host).filter(
        (name) => internal.includes(name) || /Internal$/.test(name),
      );
      expect(membersOf(host).length).toBeGreaterThan(20);
      expect(found).toEqual([]);
    },
  );
});
