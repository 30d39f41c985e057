/**
 * Invalid arguments of ACL, connection, server and cluster commands: each call is rejected before anything
 * is sent, with a message that contains the argument name and the expected value.
 */
import { expectRejections } from "../../../support/rejected-calls.js";

const FREE = "a string, Buffer, Uint8Array, number or bigint, got";

expectRejections("ACL commands", [
  ["aclSetuser", [null], `ACL SETUSER: argument "username" must be ${FREE} null`],
  [
    "aclSetuser",
    ["u", { enabled: "yes" }],
    'ACL SETUSER: option "enabled" must be a boolean, got a string',
  ],
  [
    "aclSetuser",
    ["u", { passwords: ["secret"] }],
    'ACL SETUSER: each of option "passwords" must be a string that begins with "+" or "-"',
  ],
  [
    "aclSetuser",
    ["u", { passwords: "+" }],
    'ACL SETUSER: each of option "passwords" must be a string that begins with "+" or "-"',
  ],
  [
    "aclSetuser",
    ["u", { noPass: true, passwords: "+p" }],
    'ACL SETUSER: options "noPass" and "passwords" are mutually exclusive',
  ],
  [
    "aclSetuser",
    ["u", { categories: ["read"] }],
    'ACL SETUSER: each of option "categories" must be a string that begins with "+" or "-"',
  ],
  [
    "aclSetuser",
    ["u", { commands: [1] }],
    'ACL SETUSER: each of option "commands" must be a string that begins with "+" or "-"',
  ],
  [
    "aclSetuser",
    ["u", { keys: [{}] }],
    'ACL SETUSER: each of option "keys" must be a string or bytes',
  ],
  [
    "aclSetuser",
    ["u", { selectors: ["+get"] }],
    'ACL SETUSER: each of option "selectors" must be an array of rules such as "+get", "+@read", "~key*"',
  ],
  [
    "aclSetuser",
    ["u", { selectors: [["+get", "evil) +@all"]] }],
    'ACL SETUSER: each of option "selectors" must be an array of rules such as "+get", "+@read", "~key*"',
  ],
  ["aclDeluser", [[]], 'ACL DELUSER: argument "usernames" must not be empty'],
  ["aclGenpass", ["32.0"], 'ACL GENPASS: argument "bits" must be an integer, got a string'],
  ["aclLog", ["RESET"], 'ACL LOG: argument "count" must be an integer, got a string'],
  ["aclDryrun", ["u"], `ACL DRYRUN: argument "command" must be ${FREE} undefined`],
]);

expectRejections("connection commands", [
  ["clientKillFilter", [], 'CLIENT KILL: argument "options" must hold at least one filter'],
  ["clientKillFilter", [{}], 'CLIENT KILL: argument "options" must hold at least one filter'],
  [
    "clientKillFilter",
    [{ skipMe: 1 }],
    'CLIENT KILL: option "skipMe" must be a boolean, got a number',
  ],
  [
    "clientKillFilter",
    [{ type: "everybody" }],
    'CLIENT KILL: option "type" must be one of "NORMAL", "MASTER", "PRIMARY", "REPLICA", "SLAVE", "PUBSUB", got another string',
  ],
  [
    "clientKillFilter",
    [{ id: "5.0" }],
    'CLIENT KILL: option "id" must be an integer, got a string',
  ],
  [
    "clientList",
    [{ type: "x" }],
    'CLIENT LIST: option "type" must be one of "NORMAL", "MASTER", "PRIMARY", "REPLICA", "SLAVE", "PUBSUB", got another string',
  ],
  [
    "clientList",
    [{ clientId: ["5.0"] }],
    'CLIENT LIST: each of option "clientId" must be an integer, got a string',
  ],
  ["clientList", [{ clientId: [] }], 'CLIENT LIST: option "clientId" must not be empty'],
  [
    "clientPause",
    ["1.0"],
    'CLIENT PAUSE: argument "timeout" must be an integer number of milliseconds, got a string',
  ],
  ["clientPause", [1, { all: "no" }], 'CLIENT PAUSE: option "all" must be a boolean, got a string'],
  [
    "clientUnblock",
    ["5.0"],
    'CLIENT UNBLOCK: argument "clientId" must be an integer, got a string',
  ],
  [
    "clientTracking",
    [{ on: "yes" }],
    'CLIENT TRACKING: option "on" must be a boolean, got a string',
  ],
  ["clientTracking", [{ prefix: "p" }], 'CLIENT TRACKING: option "prefix" needs option "bcast"'],
  [
    "clientTracking",
    [{ optIn: true, optOut: true }],
    'CLIENT TRACKING: options "optIn" and "optOut" are mutually exclusive',
  ],
  [
    "clientNoEvict",
    ["MAYBE"],
    'CLIENT NO-EVICT: argument "mode" must be one of "ON", "OFF", got another string',
  ],
  ["clientSetname", [undefined], `CLIENT SETNAME: argument "name" must be ${FREE} undefined`],
  ["hello", ["3.0"], 'HELLO: argument "protocol" must be an integer, got a string'],
  ["hello", [3, { auth: "password" }], 'HELLO: option "auth" must be a [username, password] array'],
  [
    "hello",
    [undefined, { setName: "n" }],
    'HELLO: options "auth" and "setName" need argument "protocol"',
  ],
  ["auth", [null], `AUTH: argument "password" must be ${FREE} null`],
  ["select", [-1], 'SELECT: argument "index" must not be negative, got -1'],
]);

expectRejections("server commands", [
  ["configSet", [], `CONFIG SET: argument "name" must be ${FREE} undefined`],
  ["configSet", ["a"], `CONFIG SET: argument "value" must be ${FREE} undefined`],
  ["configSet", [{}], 'CONFIG SET: argument "name" must not be empty'],
  [
    "configSet",
    [{ a: 1 }, 2],
    'CONFIG SET: argument "name" must be a name when argument "value" is given',
  ],
  ["configGet", [[null]], `CONFIG GET: argument "patterns[0]" must be ${FREE} null`],
  ["info", [{}], `INFO: argument "sections[0]" must be ${FREE} an object`],
  [
    "flushall",
    [{ asynchronous: "yes" }],
    'FLUSHALL: option "asynchronous" must be a boolean, got a string',
  ],
  [
    "shutdown",
    [{ save: true, noSave: true }],
    'SHUTDOWN: options "save" and "noSave" are mutually exclusive',
  ],
  ["bgsave", [{ schedule: 0 }], 'BGSAVE: option "schedule" must be a boolean, got a number'],
  ["failover", [{ to: "host" }], 'FAILOVER: option "to" must be a [host, port] array'],
  [
    "failover",
    [{ to: ["h", "p"] }],
    'FAILOVER: the port of option "to" must be an integer, got a string',
  ],
  ["replicaof", ["host"], 'REPLICAOF: arguments "host" and "port" must be given together'],
  ["slaveof", [undefined, 6379], 'SLAVEOF: arguments "host" and "port" must be given together'],
  ["slowlogGet", ["5.0"], 'SLOWLOG GET: argument "count" must be an integer, got a string'],
  ["lolwut", ["5.0"], 'LOLWUT: argument "versionNumbers" must be an integer, got a string'],
  [
    "memoryUsage",
    ["k", { samples: -1 }],
    'MEMORY USAGE: option "samples" must not be negative, got -1',
  ],
  ["moduleLoad", [undefined], `MODULE LOAD: argument "path" must be ${FREE} undefined`],
  [
    "moduleLoadex",
    ["p", { args: [null] }],
    `MODULE LOADEX: each of option "args" must be ${FREE} null`,
  ],
  ["moduleLoadex", ["p", { config: [] }], 'MODULE LOADEX: option "config" must not be empty'],
  ["latencyHistory", [null], `LATENCY HISTORY: argument "event" must be ${FREE} null`],
  [
    "commandList",
    [{ module: "m", pattern: "p" }],
    'COMMAND LIST: options "module" and "pattern" are mutually exclusive',
  ],
  [
    "commandList",
    [{ pattern: "\ud800" }],
    'COMMAND LIST: option "pattern" must be text that its encoding can represent',
  ],
  ["commandGetkeys", [], 'COMMAND GETKEYS: argument "commandArgs" must not be empty'],
  ["swapdb", [0, "1.0"], 'SWAPDB: argument "second" must be an integer, got a string'],
]);

expectRejections("cluster commands", [
  ["clusterAddslots", [], 'CLUSTER ADDSLOTS: argument "slots" must not be empty'],
  [
    "clusterAddslots",
    ["1.0"],
    'CLUSTER ADDSLOTS: each of argument "slots" must be an integer, got a string',
  ],
  [
    "clusterAddslots",
    [[1, -1]],
    'CLUSTER ADDSLOTS: each of argument "slots" must not be negative, got -1',
  ],
  [
    "clusterAddslotsrange",
    [1],
    'CLUSTER ADDSLOTSRANGE: argument "ranges" must hold a first and a last slot each',
  ],
  [
    "clusterDelslotsrange",
    [[1, 2, null, 4]],
    'CLUSTER DELSLOTSRANGE: each of argument "ranges" must be an integer, got null',
  ],
  [
    "clusterFailover",
    ["SOON"],
    'CLUSTER FAILOVER: argument "mode" must be one of "FORCE", "TAKEOVER", got another string',
  ],
  ["clusterForget", [null], `CLUSTER FORGET: argument "nodeId" must be ${FREE} null`],
  [
    "clusterMeet",
    ["h", "6379.0"],
    'CLUSTER MEET: argument "port" must be an integer, got a string',
  ],
  [
    "clusterReset",
    ["LUKEWARM"],
    'CLUSTER RESET: argument "mode" must be one of "HARD", "SOFT", got another string',
  ],
  [
    "clusterSetslot",
    [1, "MOVING"],
    'CLUSTER SETSLOT: argument "state" must be one of "STABLE", "IMPORTING", "MIGRATING", "NODE", got another string',
  ],
  [
    "clusterSetslot",
    [1, "STABLE", "node"],
    'CLUSTER SETSLOT: argument "nodeId" must be left out when argument "state" is "STABLE"',
  ],
  ["clusterSetslot", [1, "NODE"], `CLUSTER SETSLOT: argument "nodeId" must be ${FREE} undefined`],
  [
    "clusterSlotStats",
    [],
    'CLUSTER SLOT-STATS: argument "options" must be an object, got undefined',
  ],
  [
    "clusterSlotStats",
    [{ startSlot: 1 }],
    'CLUSTER SLOT-STATS: options "startSlot" and "endSlot" must be given together',
  ],
  [
    "clusterSlotStats",
    [{ orderBy: "SIZE" }],
    'CLUSTER SLOT-STATS: option "orderBy" must be one of "KEY-COUNT", "CPU-USEC", "NETWORK-BYTES-IN", "NETWORK-BYTES-OUT", got another string',
  ],
  [
    "clusterSlotStats",
    [{ startSlot: 1, endSlot: 2, limit: 1 }],
    'CLUSTER SLOT-STATS: option "limit" needs option "orderBy"',
  ],
  ["clusterKeyslot", [{}], `CLUSTER KEYSLOT: argument "key" must be ${FREE} an object`],
]);
