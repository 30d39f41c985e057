/** The options of a cluster client: forms of the constructor, checks, defaults, startup nodes, secrets. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  ClusterNode,
  clusterSettings,
  type RedisClusterArguments,
} from "../../../src/cluster/options.js";
import { Connection } from "../../../src/connection/connection.js";
import { DataError } from "../../../src/errors.js";

const settingsOf = (...args: unknown[]) => clusterSettings(args as RedisClusterArguments);
const seedsOf = (...args: unknown[]) =>
  settingsOf(...args).seeds.map(({ host, port }) => `${host} ${port}`);

function messageOf(...args: unknown[]): string {
  try {
    settingsOf(...args);
  } catch (error) {
    if (error instanceof DataError) return error.message;
    throw error;
  }
  throw new Error("the options were accepted");
}

describe("ClusterNode", () => {
  it("has host, port, name and role", () => {
    const node = new ClusterNode("redis-1.example", 7000, "replica");
    expect(node).toMatchObject({
      host: "redis-1.example",
      port: 7000,
      name: "redis-1.example:7000",
      serverType: "replica",
    });
    expect(String(node)).toBe("ClusterNode<host=redis-1.example,port=7000,serverType=replica>");
  });

  it("has port 6379 and no role by default, and brackets around IPv6 in its name only", () => {
    const node = new ClusterNode("[::1]");
    expect(node).toMatchObject({ host: "::1", port: 6379, name: "[::1]:6379" });
    expect(node.serverType).toBeUndefined();
    expect(inspect(node)).toBe("ClusterNode<host=::1,port=6379>");
  });

  it.each<[args: unknown[], message: string]>([
    [[], 'argument "host" must be a non-empty string, got undefined'],
    [
      ["h:1"],
      'argument "host" must be a host name, got a host name with a port (use option "port")',
    ],
    [["h", 0], 'argument "port" must be an integer from 1 to 65535, got 0'],
    [["h", 1, undefined, {}], "ClusterNode: takes at most 3 arguments, got 4"],
    [["h", 1, "master"], 'argument "type" must be "primary" or "replica", got another string'],
  ])("refuses the arguments %o", (args, message) => {
    const Constructor = ClusterNode as unknown as new (...args: unknown[]) => ClusterNode;
    expect(() => new Constructor(...args)).toThrow(new DataError(message));
  });
});

describe("clusterSettings", () => {
  it.each<[args: unknown[], seeds: string[]]>([
    [[], ["localhost 6379"]],
    [["h"], ["h 6379"]],
    [["h", 7000], ["h 7000"]],
    [["h:7000", {}], ["h 7000"]],
    [["h", 7000, { protocol: 3 }], ["h 7000"]],
    [["redis://user:secret@h:7000"], ["h 7000"]],
    [[new URL("redis://h:7000"), {}], ["h 7000"]],
    [[{ url: "redis://h:7000" }], ["h 7000"]],
    [[{ host: "h", port: 7000 }], ["h 7000"]],
    [[{ startupNodes: [new ClusterNode("a", 1), new ClusterNode("b", 2)] }], ["a 1", "b 2"]],
    [
      [{ startupNodes: [{ host: "a", port: 1 }, { host: "b" }, { port: 3 }] }],
      ["a 1", "b 6379", "localhost 3"],
    ],
    [
      [{ startupNodes: [{ url: "redis://a:1" }, "b:2", "redis://c:3", new URL("redis://d:4")] }],
      ["a 1", "b 2", "c 3", "d 4"],
    ],
    [[{ startupNodes: ["[::1]:7000"] }], ["::1 7000"]],
    [[{ startupNodes: [["a", 1], ["b"]] }], ["a 1", "b 6379"]],
    [
      ["h", 7000, { startupNodes: ["a:1"] }],
      ["a 1", "h 7000"],
    ],
    [
      ["redis://h:7000", { startupNodes: ["a:1"] }],
      ["a 1", "h 7000"],
    ],
    [
      ["a", 1, { startupNodes: ["a:1", "b:1", { host: "a", port: 1 }] }],
      ["a 1", "b 1"],
    ],
  ])("reads the startup nodes in %o", (args, seeds) => {
    expect(seedsOf(...args)).toEqual(seeds);
  });

  it("accepts a node of another copy of the package", () => {
    class Copy {
      readonly host = "a";
      readonly port = 1;
    }
    expect(seedsOf({ startupNodes: [new Copy()] })).toEqual(["a 1"]);
  });

  it("has the defaults of redis-py", () => {
    expect(settingsOf("h")).toMatchObject({
      requireFullCoverage: true,
      reinitializeSteps: 5,
      clusterErrorRetryAttempts: 10,
      dynamicStartupNodes: true,
      remap: undefined,
    });
  });

  it("reads the options of the cluster; undefined counts as not set", () => {
    const given = {
      requireFullCoverage: false,
      reinitializeSteps: 0,
      clusterErrorRetryAttempts: 0,
      dynamicStartupNodes: false,
    };
    expect(settingsOf({ ...given, startupNodes: undefined, host: undefined })).toMatchObject(given);
    expect(settingsOf({ reinitializeSteps: undefined }).reinitializeSteps).toBe(5);
  });

  it("reads the options of the connections, also of a URL, and passes them to the pools without address", () => {
    const options = { socketTimeout: 7, connectionClass: Connection, startupNodes: ["a:1"] };
    const given = settingsOf("h", 7000, options);
    expect(given.settings.socketTimeout).toBe(7);
    expect({ ...given.poolOptions() }).toEqual({ socketTimeout: 7, connectionClass: Connection });
    const fromUrl = settingsOf("rediss://user:secret@h:7000/2?protocol=3");
    expect(fromUrl.settings).toMatchObject({ db: 2, protocol: 3 });
    expect(fromUrl.settings.tls).toBeDefined();
    expect(fromUrl.poolOptions().url).toBe("rediss://user:secret@h:7000/2?protocol=3");
  });

  it("passes option db on, for servers with several databases in cluster mode", () => {
    expect(settingsOf({ db: 3 }).settings.db).toBe(3);
  });

  it("reads no option that a program adds to Object.prototype", () => {
    Object.assign(Object.prototype, { requireFullCoverage: false, readFromReplicas: true });
    try {
      expect(settingsOf({ host: "h" }).requireFullCoverage).toBe(true);
    } finally {
      Reflect.deleteProperty(Object.prototype, "requireFullCoverage");
      Reflect.deleteProperty(Object.prototype, "readFromReplicas");
    }
  });

  it("never shows secrets", () => {
    const SECRET = "hunter2";
    const all = [
      settingsOf(`redis://user:${SECRET}@h`),
      settingsOf({ host: "h", password: SECRET, tls: { key: SECRET } }),
    ];
    const deep = { depth: 20, showHidden: true, getters: true };
    const raw = { ...deep, getters: false, customInspect: false };
    for (const settings of all) {
      const shown = `${JSON.stringify(settings)}${inspect(settings)}${inspect(settings, deep)}${inspect(settings, raw)}`;
      expect(shown).not.toContain(SECRET);
      expect(JSON.stringify(settings.poolOptions())).toContain(SECRET);
    }
  });
});

describe("clusterSettings refuses", () => {
  it.each<[options: object, message: string]>([
    [
      { startupNodes: [] },
      'option "startupNodes" must be an array of at least one node, got an empty array',
    ],
    [
      { startupNodes: "a:1" },
      'option "startupNodes" must be an array of at least one node, got a string',
    ],
    [
      { startupNodes: null },
      'option "startupNodes" must be an array of at least one node, got null',
    ],
    [
      { startupNodes: [7] },
      'option "startupNodes" must be an array of nodes, got an element that is a number',
    ],
    [
      { startupNodes: [null] },
      'option "startupNodes" must be an array of nodes, got an element that is null',
    ],
    [
      { startupNodes: [["a", 1, 2]] },
      'option "startupNodes" must be an array of nodes, got an element that is an array',
    ],
    [
      { startupNodes: [{ host: "a", name: "b" }] },
      'unknown option "name"; known options are host, port, url',
    ],
    [
      { startupNodes: ["a:1", { host: "a", port: 0 }] },
      'startupNodes[1]: option "port" must be an integer from 1 to 65535, got 0',
    ],
    [{ startupNodes: ["/run/redis.sock"] }, "startupNodes[0]: must not be a unix socket"],
    [
      { startupNodes: ["redis://u:s3cret@a"] },
      'startupNodes[0]: must not have credentials; use options "username" and "password"',
    ],
    [
      { startupNodes: ["rediss://a"] },
      'startupNodes[0]: must not have the scheme rediss://; use option "tls"',
    ],
    [
      { startupNodes: ["redis://a/1"] },
      'startupNodes[0]: must not have a database; use option "db"',
    ],
    [
      { startupNodes: ["a:1"], port: 7000 },
      'option "port" applies to option "host" only; give each startup node a port',
    ],
    [
      { requireFullCoverage: "no" },
      'option "requireFullCoverage" must be true or false, got a string',
    ],
    [
      { reinitializeSteps: -1 },
      'option "reinitializeSteps" must be an integer of at least 0, got -1',
    ],
    [
      { clusterErrorRetryAttempts: 0.5 },
      'option "clusterErrorRetryAttempts" must be an integer of at least 0, got 0.5',
    ],
    [
      { dynamicStartupNodes: 1 },
      'option "dynamicStartupNodes" must be true or false, got a number',
    ],
    [{ addressRemap: {} }, 'option "addressRemap" must be a function, got an object'],
    [
      { unixSocketPath: "/run/redis.sock" },
      'option "unixSocketPath" must not be set: the nodes of a cluster have hosts and ports',
    ],
    [
      { url: "unix:///run/redis.sock" },
      'option "url" must not be a unix:// URL: the nodes have hosts and ports',
    ],
    [
      { addressSource: {} },
      'option "addressSource" must not be set: the cluster provides the addresses',
    ],
    [
      { retryReadonly: false },
      'option "retryReadonly" must not be set: a cluster client always sends the command again',
    ],
    [
      { url: "redis://a?retry_loading=yes" },
      'option "retryLoading" must not be set: use option "clusterErrorRetryAttempts"',
    ],
    [
      { connectionPool: {} },
      'option "connectionPool" must not be set: there is a pool for each node',
    ],
    [
      { socketTimeout: "x" },
      'option "socketTimeout" must be a number of milliseconds from 0 to 2147483647, got a string',
    ],
    [
      { require_full_coverage: true },
      'unknown option "require_full_coverage"; did you mean "requireFullCoverage"?',
    ],
    [{ startupNode: [] }, 'unknown option "startupNode"; did you mean "startupNodes"?'],
    [{ pasword: "x" }, 'unknown option "pasword"; did you mean "password"?'],
    [
      { keyPrefix: "x" },
      'unknown option "keyPrefix"; there is no prefix for keys; add it to the keys',
    ],
  ])("%o", (options, message) => {
    expect(messageOf(options)).toBe(message);
    expect(messageOf(options)).not.toContain("s3cret");
  });

  it.each([
    ["redisOptions", "pass its options beside those of the cluster"],
    ["defaults", "pass its options beside those of the cluster"],
    ["natMap", 'use option "addressRemap"'],
    ["nodeAddressMap", 'use option "addressRemap"'],
    ["rootNodes", 'use option "startupNodes"'],
    ["scaleReads", 'use option "loadBalancingStrategy"'],
    ["useReplicas", 'use option "loadBalancingStrategy"'],
    ["readOnly", 'use option "loadBalancingStrategy"'],
    ["readFromReplicas", 'use option "loadBalancingStrategy"'],
    ["maxRedirections", "omit it: a command follows up to 16 redirects"],
    ["clusterRetryStrategy", 'use options "retry" and "clusterErrorRetryAttempts"'],
    ["retryDelayOnTryAgain", 'use option "clusterErrorRetryAttempts"'],
    ["enableReadyCheck", "omit it: commands wait for a node that loads its data"],
    ["slotsRefreshTimeout", 'use option "socketTimeout" (milliseconds)'],
  ])("option %s of another client, and names what replaces it", (name, replacement) => {
    expect(messageOf({ [name]: "value" })).toBe(`unknown option "${name}"; ${replacement}`);
  });

  it("a path of a socket as target", () => {
    expect(messageOf("/run/redis.sock")).toBe(
      'option "unixSocketPath" must not be set: the nodes of a cluster have hosts and ports',
    );
  });

  it("nothing when replica reads are not asked for", () => {
    const options = {
      readFromReplicas: false,
      loadBalancingStrategy: null,
      unixSocketPath: undefined,
    };
    expect(seedsOf({ ...options, host: "h" })).toEqual(["h 6379"]);
  });
});

describe("addressRemap", () => {
  const remapOf = (addressRemap: unknown) => settingsOf({ addressRemap }).remap;

  it("returns the address of the caller's function, IPv6 without brackets", () => {
    const remap = remapOf(([host, port]: [string, number]) => [
      host === "a" ? "[::1]" : host,
      port + 1,
    ]);
    expect(remap?.(["a", 1])).toEqual(["::1", 2]);
    expect(remap?.(["b", 1])).toEqual(["b", 2]);
  });

  it.each<[result: unknown, message: string]>([
    [undefined, 'the result of option "addressRemap" must be [host, port], got undefined'],
    [["a"], 'the result of option "addressRemap" must be [host, port], got an array'],
    [
      { host: "a", port: 1 },
      'the result of option "addressRemap" must be [host, port], got an object',
    ],
    [[7, 1], 'host returned by option "addressRemap" must be a non-empty string, got a number'],
    [["a", 0], 'port returned by option "addressRemap" must be an integer from 1 to 65535, got 0'],
  ])("refuses the result %o", (result, message) => {
    const remap = remapOf(() => result);
    expect(() => remap?.(["a", 1])).toThrow(new DataError(message));
  });

  it("throws a DataError with the cause when the caller's function throws", () => {
    const cause = new TypeError("from the caller");
    const remap = remapOf(() => {
      throw cause;
    });
    expect(() => remap?.(["a", 1])).toThrow(
      expect.objectContaining({
        message: 'option "addressRemap" must not throw',
        cause,
        code: "EINVAL",
      }),
    );
  });
});
