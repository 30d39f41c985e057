import { describe, expect, test } from "vitest";
import {
  toClusterInfo,
  toClusterLinks,
  toClusterNodes,
  toClusterShards,
  toClusterSlotStats,
  toClusterSlots,
} from "../../../../src/commands/cluster/replies.js";
import { MapReply, type Reply, SetReply } from "../../../../src/protocol/reply.js";
import {
  callLoosely,
  RecordingClient,
  rejectionMessage,
  wire,
} from "../../../support/recording-client.js";

const client = new RecordingClient();
const call = (method: string, ...args: unknown[]) => callLoosely(client, method, args);
const context = { bytes: false, text: String };
const b = (text: string) => Buffer.from(text);
const ID = "07c37dfeb235213a872192d90877d0cd55635b91";
const OTHER = "67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1";

describe("CLUSTER command methods", () => {
  test("CLUSTER commands for slots send their arguments", () => {
    expect(wire(client.clusterAddslots(1, [2, 3n], new Set([4])))).toBe("CLUSTER ADDSLOTS 1 2 3 4");
    expect(wire(client.clusterDelslots([0]))).toBe("CLUSTER DELSLOTS 0");
    expect(wire(client.clusterAddslotsrange([0, 9], [20, 29]))).toBe(
      "CLUSTER ADDSLOTSRANGE 0 9 20 29",
    );
    expect(wire(client.clusterDelslotsrange(0, 9))).toBe("CLUSTER DELSLOTSRANGE 0 9");
    expect(wire(client.clusterFlushslots())).toBe("CLUSTER FLUSHSLOTS");
    expect(wire(client.clusterKeyslot(b("k")))).toBe("CLUSTER KEYSLOT k");
    expect(client.clusterKeyslot("k")).toHaveProperty("info.keys", [0, 0, 0]);
    expect(wire(client.clusterCountkeysinslot(5))).toBe("CLUSTER COUNTKEYSINSLOT 5");
    expect(wire(client.clusterGetkeysinslot(5, 10))).toBe("CLUSTER GETKEYSINSLOT 5 10");
    expect(wire(client.clusterSetslot(5, "stable"))).toBe("CLUSTER SETSLOT 5 STABLE");
    expect(wire(client.clusterSetslot(5, "NODE", ID, { timeout: 100 }))).toBe(
      `CLUSTER SETSLOT 5 NODE ${ID} TIMEOUT 100`,
    );
    expect(wire(client.clusterSlotStats({ startSlot: 0, endSlot: 5 }))).toBe(
      "CLUSTER SLOT-STATS SLOTSRANGE 0 5",
    );
    expect(wire(client.clusterSlotStats({ orderBy: "cpu-usec", limit: 1, sort: "desc" }))).toBe(
      "CLUSTER SLOT-STATS ORDERBY CPU-USEC LIMIT 1 DESC",
    );
  });

  test("CLUSTER commands for nodes send their arguments", () => {
    expect(wire(client.clusterMeet("127.0.0.1", 7000))).toBe("CLUSTER MEET 127.0.0.1 7000");
    expect(wire(client.clusterMeet("::1", 7000, 7001))).toBe("CLUSTER MEET ::1 7000 7001");
    expect(wire(client.clusterForget(ID))).toBe(`CLUSTER FORGET ${ID}`);
    expect(wire(client.clusterReplicate(ID))).toBe(`CLUSTER REPLICATE ${ID}`);
    expect(wire(client.clusterReplicas(ID))).toBe(`CLUSTER REPLICAS ${ID}`);
    expect(wire(client.clusterSlaves(ID))).toBe(`CLUSTER SLAVES ${ID}`);
    expect(wire(client.clusterCountFailureReports(ID))).toBe(`CLUSTER COUNT-FAILURE-REPORTS ${ID}`);
    expect(wire(client.clusterFailover())).toBe("CLUSTER FAILOVER");
    expect(wire(client.clusterFailover("force"))).toBe("CLUSTER FAILOVER FORCE");
    expect(wire(client.clusterReset())).toBe("CLUSTER RESET");
    expect(wire(client.clusterReset("HARD"))).toBe("CLUSTER RESET HARD");
    expect(wire(client.clusterSetConfigEpoch(7))).toBe("CLUSTER SET-CONFIG-EPOCH 7");
  });

  test("cluster() sends any subcommand, as in redis-py", () => {
    expect(wire(client.cluster("info"))).toBe("CLUSTER info");
    expect(wire(client.cluster("KEYSLOT", "k"))).toBe("CLUSTER KEYSLOT k");
    expect(wire(client.cluster("ADDSLOTS", [1, 2], 3))).toBe("CLUSTER ADDSLOTS 1 2 3");
    expect(client.cluster("info")).toHaveProperty("decode", toClusterInfo);
    expect(client.cluster("Slots")).toHaveProperty("decode", toClusterSlots);
    expect(client.cluster("KEYSLOT", "k")).not.toHaveProperty("decode");
    const other = client.cluster("ADDSLOTS", 1);
    if (!("info" in other)) throw new Error("refused");
    expect(other.info.decode?.("OK", context)).toBe(true);
    expect(other.info.decode?.(5, context)).toBe(5);
    expect(other.info.decode?.([b("key")], context)).toEqual([b("key")]);
  });

  test.each([
    ["clusterAddslots", [], 'CLUSTER ADDSLOTS: argument "slots" must not be empty'],
    ["clusterAddslots", [[]], 'CLUSTER ADDSLOTS: argument "slots" must not be empty'],
    [
      "clusterAddslots",
      [1.5],
      'CLUSTER ADDSLOTS: each of argument "slots" must be an integer, got 1.5',
    ],
    [
      "clusterAddslots",
      [[1, -1]],
      'CLUSTER ADDSLOTS: each of argument "slots" must not be negative, got -1',
    ],
    [
      "clusterDelslots",
      ["1.0"],
      'CLUSTER DELSLOTS: each of argument "slots" must be an integer, got a string',
    ],
    [
      "clusterDelslots",
      [null],
      'CLUSTER DELSLOTS: each of argument "slots" must be an integer, got null',
    ],
    ["clusterAddslotsrange", [], 'CLUSTER ADDSLOTSRANGE: argument "ranges" must not be empty'],
    [
      "clusterDelslotsrange",
      [[0, 1], 2],
      'CLUSTER DELSLOTSRANGE: argument "ranges" must hold a first and a last slot each',
    ],
    [
      "clusterSetslot",
      [1, "MOVED", ID],
      'CLUSTER SETSLOT: argument "state" must be one of "STABLE", "IMPORTING", "MIGRATING", "NODE", got another string',
    ],
    [
      "clusterSetslot",
      [1, "NODE"],
      'CLUSTER SETSLOT: argument "nodeId" must be a string, Buffer, Uint8Array, number or bigint, got undefined',
    ],
    [
      "clusterSetslot",
      [1, "STABLE", ID],
      'CLUSTER SETSLOT: argument "nodeId" must be left out when argument "state" is "STABLE"',
    ],
    [
      "clusterSlotStats",
      [],
      'CLUSTER SLOT-STATS: argument "options" must be an object, got undefined',
    ],
    [
      "clusterSlotStats",
      [{}],
      'CLUSTER SLOT-STATS: one of the options "startSlot", "endSlot", "orderBy" must be given',
    ],
    [
      "clusterSlotStats",
      [{ endSlot: 1 }],
      'CLUSTER SLOT-STATS: options "startSlot" and "endSlot" must be given together',
    ],
    [
      "clusterSlotStats",
      [{ startSlot: 0, endSlot: 1, limit: 1 }],
      'CLUSTER SLOT-STATS: option "limit" needs option "orderBy"',
    ],
    [
      "clusterSlotStats",
      [{ startSlot: 0, endSlot: 1, sort: "ASC" }],
      'CLUSTER SLOT-STATS: option "sort" needs option "orderBy"',
    ],
    [
      "clusterSlotStats",
      [{ orderBy: "KEY-COUNT", startSlot: 0 }],
      'CLUSTER SLOT-STATS: options "orderBy" and "startSlot" are mutually exclusive',
    ],
    [
      "clusterMeet",
      ["h", "7000.0"],
      'CLUSTER MEET: argument "port" must be an integer, got a string',
    ],
    [
      "clusterFailover",
      ["NOW"],
      'CLUSTER FAILOVER: argument "mode" must be one of "FORCE", "TAKEOVER", got another string',
    ],
    [
      "clusterCountkeysinslot",
      [-1],
      'CLUSTER COUNTKEYSINSLOT: argument "slot" must not be negative, got -1',
    ],
  ])("%s rejects %j", (method, args, message) => {
    expect(rejectionMessage(call(method, ...args))).toBe(message);
  });
});

describe("CLUSTER replies", () => {
  test("CLUSTER INFO is decoded", () => {
    const text = "cluster_state:ok\r\ncluster_slots_assigned:16384\r\nother:1.5\r\n";
    const info = { cluster_state: "ok", cluster_slots_assigned: 16384, other: "1.5" };
    expect(toClusterInfo(text)).toEqual(info);
    expect(toClusterInfo(b(text))).toEqual(info);
  });

  const LINES = [
    `${ID} 127.0.0.1:30004@31004,host.name,shard-id=aa,tls=1 slave,fail? ${OTHER} 5 1426238317239 4 disconnected`,
    `${OTHER} :30001@31001 myself,master - 0 0 1 connected 0-5460 5462 [5461->-${ID}] [93-<-${ID}]`,
    `${ID} ::1:30002 noflags - 0 0 2 connected`,
  ];
  const NODES = [
    {
      nodeId: ID,
      host: "127.0.0.1",
      port: 30004,
      busPort: 31004,
      hostname: "host.name",
      flags: ["slave", "fail?"],
      masterId: OTHER,
      lastPingSent: new Date(5),
      lastPongRcvd: new Date(1426238317239),
      epoch: 4,
      connected: false,
      slots: [],
      migrations: [],
    },
    {
      nodeId: OTHER,
      host: "",
      port: 30001,
      busPort: 31001,
      flags: ["myself", "master"],
      masterId: null,
      lastPingSent: null,
      lastPongRcvd: null,
      epoch: 1,
      connected: true,
      slots: [
        [0, 5460],
        [5462, 5462],
      ],
      migrations: [
        { slot: 5461, nodeId: ID, state: "migrating" },
        { slot: 93, nodeId: ID, state: "importing" },
      ],
    },
    {
      nodeId: ID,
      host: "::1",
      port: 30002,
      busPort: 0,
      flags: [],
      masterId: null,
      lastPingSent: null,
      lastPongRcvd: null,
      epoch: 2,
      connected: true,
      slots: [],
      migrations: [],
    },
  ];

  test("CLUSTER NODES and CLUSTER REPLICAS are decoded", () => {
    expect(toClusterNodes(`${LINES.join("\n")}\n`)).toEqual(NODES);
    expect(toClusterNodes(b(`${LINES.join("\n")}\n`))).toEqual(NODES);
    expect(toClusterNodes(LINES)).toEqual(NODES);
    expect(toClusterNodes([])).toEqual([]);
  });

  test("CLUSTER SLOTS is decoded from RESP2 and RESP3", () => {
    const slots = (wrap: (items: Reply[]) => Reply): Reply => [
      [
        0,
        5460,
        ["127.0.0.1", 30001, b(ID), wrap(["hostname", b("h")])],
        [null, 30004, OTHER, wrap([])],
      ],
      [5461, 5461, ["::1", 30002, OTHER]],
    ];
    const expected = [
      {
        start: 0,
        end: 5460,
        master: { host: "127.0.0.1", port: 30001, nodeId: ID, metadata: { hostname: "h" } },
        replicas: [{ host: null, port: 30004, nodeId: OTHER, metadata: {} }],
      },
      {
        start: 5461,
        end: 5461,
        master: { host: "::1", port: 30002, nodeId: OTHER, metadata: {} },
        replicas: [],
      },
    ];
    expect(
      toClusterSlots(
        slots((items) => items),
        context,
      ),
    ).toEqual(expected);
    expect(
      toClusterSlots(
        slots((items) => new MapReply(items)),
        context,
      ),
    ).toEqual(expected);
  });

  test("CLUSTER SHARDS is decoded from RESP2 and RESP3", () => {
    const shards = (wrap: (items: Reply[]) => Reply): Reply => [
      wrap([
        "slots",
        [0, 5460, 5462, 5465],
        "nodes",
        [wrap(["id", b(ID), "port", 30001, "role", "master", "replication-offset", 72156])],
      ]),
    ];
    const expected = [
      {
        slots: [
          [0, 5460],
          [5462, 5465],
        ],
        nodes: [{ id: ID, port: 30001, role: "master", "replication-offset": 72156 }],
      },
    ];
    expect(
      toClusterShards(
        shards((items) => items),
        context,
      ),
    ).toEqual(expected);
    expect(
      toClusterShards(
        shards((items) => new MapReply(items)),
        context,
      ),
    ).toEqual(expected);
  });

  test("CLUSTER LINKS and CLUSTER SLOT-STATS are decoded from RESP2 and RESP3", () => {
    const link: Reply[] = ["direction", b("to"), "node", ID, "create-time", 5, "events", "rw"];
    const expected = [{ direction: "to", node: ID, "create-time": new Date(5), events: "rw" }];
    expect(toClusterLinks([link], context)).toEqual(expected);
    expect(toClusterLinks([new MapReply(link)], context)).toEqual(expected);
    const stats: Reply[] = ["key-count", 5, "cpu-usec", 7];
    const counted = [{ slot: 3, stats: { "key-count": 5, "cpu-usec": 7 } }];
    expect(toClusterSlotStats([[3, stats]], context)).toEqual(counted);
    expect(toClusterSlotStats([[3, new MapReply(stats)]], context)).toEqual(counted);
  });

  test.each<[Reply]>([
    [null],
    ["text"],
    [7],
    [[]],
    [[[]]],
    [[1, [2, 3]]],
    [new MapReply(["a", 1])],
    [new SetReply([1])],
  ])("decoders do not throw for the unexpected reply %j", (reply) => {
    const decoders = [
      toClusterInfo,
      toClusterNodes,
      toClusterSlots,
      toClusterShards,
      toClusterLinks,
      toClusterSlotStats,
    ];
    for (const decode of decoders) expect(() => decode(reply, context)).not.toThrow();
  });
});
