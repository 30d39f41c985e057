/**
 * Owns what the commands on the server and its connections say of arguments that cannot be meant: each call is refused before
 * anything is sent, with a message that names the argument and says what it should have been.
 */
import { expectRefusals } from "../../../support/bad-input.js";

const FREE = "a string, Buffer, Uint8Array, number or bigint, got";

expectRefusals("access control", [
  ["aclSetuser", [null], `ACL SETUSER: "username" must be ${FREE} null`],
  ["aclSetuser", ["u", { enabled: "yes" }], 'ACL SETUSER: option "enabled" must be a boolean'],
  [
    "aclSetuser",
    ["u", { passwords: ["secret"] }],
    'ACL SETUSER: each of option "passwords" must be text with "+" or "-" before it',
  ],
  [
    "aclSetuser",
    ["u", { passwords: "+" }],
    'ACL SETUSER: each of option "passwords" must be text with "+" or "-" before it',
  ],
  [
    "aclSetuser",
    ["u", { noPass: true, passwords: "+p" }],
    'ACL SETUSER: options "noPass" and "passwords" exclude each other',
  ],
  [
    "aclSetuser",
    ["u", { categories: ["read"] }],
    'ACL SETUSER: each of option "categories" must be text with "+" or "-" before it',
  ],
  [
    "aclSetuser",
    ["u", { commands: [1] }],
    'ACL SETUSER: each of option "commands" must be text with "+" or "-" before it',
  ],
  ["aclSetuser", ["u", { keys: [{}] }], 'ACL SETUSER: each of option "keys" must be text or bytes'],
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
  ["aclDeluser", [[]], 'ACL DELUSER: "usernames" must not be empty'],
  ["aclGenpass", ["32"], 'ACL GENPASS: "bits" must be an integer, got a string'],
  ["aclLog", ["RESET"], 'ACL LOG: "count" must be an integer, got a string'],
  ["aclDryrun", ["u"], `ACL DRYRUN: "command" must be ${FREE} undefined`],
]);

expectRefusals("connections", [
  ["clientKillFilter", [], "CLIENT KILL: options must hold at least one filter"],
  ["clientKillFilter", [{}], "CLIENT KILL: options must hold at least one filter"],
  [
    "clientKillFilter",
    [{ skipMe: 1 }],
    'CLIENT KILL: option "skipMe" must be a boolean, got a number',
  ],
  [
    "clientKillFilter",
    [{ type: "everybody" }],
    'CLIENT KILL: option "type" must be one of "NORMAL", "MASTER", "PRIMARY", "REPLICA", "SLAVE", "PUBSUB", got another text',
  ],
  ["clientKillFilter", [{ id: "5" }], 'CLIENT KILL: option "id" must be an integer, got a string'],
  [
    "clientList",
    [{ type: "x" }],
    'CLIENT LIST: option "type" must be one of "NORMAL", "MASTER", "PRIMARY", "REPLICA", "SLAVE", "PUBSUB", got another text',
  ],
  [
    "clientList",
    [{ clientId: ["5"] }],
    'CLIENT LIST: each of option "clientId" must be an integer, got a string',
  ],
  ["clientList", [{ clientId: [] }], 'CLIENT LIST: option "clientId" must not be empty'],
  [
    "clientPause",
    ["1"],
    'CLIENT PAUSE: "timeout" must be an integer number of milliseconds, got a string',
  ],
  ["clientPause", [1, { all: "no" }], 'CLIENT PAUSE: option "all" must be a boolean, got a string'],
  ["clientUnblock", ["5"], 'CLIENT UNBLOCK: "clientId" must be an integer, got a string'],
  [
    "clientTracking",
    [{ on: "yes" }],
    'CLIENT TRACKING: option "on" must be a boolean, got a string',
  ],
  ["clientTracking", [{ prefix: "p" }], 'CLIENT TRACKING: option "prefix" needs option "bcast"'],
  [
    "clientTracking",
    [{ optIn: true, optOut: true }],
    'CLIENT TRACKING: options "optIn" and "optOut" exclude each other',
  ],
  [
    "clientNoEvict",
    ["MAYBE"],
    'CLIENT NO-EVICT: "mode" must be one of "ON", "OFF", got another text',
  ],
  ["clientSetname", [undefined], `CLIENT SETNAME: "name" must be ${FREE} undefined`],
  ["hello", ["3"], 'HELLO: "protocol" must be an integer, got a string'],
  [
    "hello",
    [3, { auth: "password" }],
    'HELLO: option "auth" must be a user name and a password in an array',
  ],
  ["hello", [undefined, { setName: "n" }], 'HELLO: options "auth" and "setName" need "protocol"'],
  ["auth", [null], `AUTH: "password" must be ${FREE} null`],
  ["select", [-1], 'SELECT: "index" must not be negative, got -1'],
]);

expectRefusals("server", [
  ["configSet", [], `CONFIG SET: "name" must be ${FREE} undefined`],
  ["configSet", ["a"], `CONFIG SET: "value" must be ${FREE} undefined`],
  ["configSet", [{}], 'CONFIG SET: "name" must not be empty'],
  ["configSet", [{ a: 1 }, 2], 'CONFIG SET: "name" must be a name when "value" is given'],
  ["configGet", [[null]], `CONFIG GET: "patterns[0]" must be ${FREE} null`],
  ["info", [{}], `INFO: "sections[0]" must be ${FREE} an object`],
  [
    "flushall",
    [{ asynchronous: "yes" }],
    'FLUSHALL: option "asynchronous" must be a boolean, got a string',
  ],
  [
    "shutdown",
    [{ save: true, noSave: true }],
    'SHUTDOWN: options "save" and "noSave" exclude each other',
  ],
  ["bgsave", [{ schedule: 0 }], 'BGSAVE: option "schedule" must be a boolean, got a number'],
  ["failover", [{ to: "host" }], 'FAILOVER: option "to" must be a host and a port in an array'],
  [
    "failover",
    [{ to: ["h", "p"] }],
    'FAILOVER: the port of option "to" must be an integer, got a string',
  ],
  ["replicaof", ["host"], 'REPLICAOF: "host" and "port" must be given together, or neither'],
  ["slaveof", [undefined, 6379], 'SLAVEOF: "host" and "port" must be given together, or neither'],
  ["slowlogGet", ["5"], 'SLOWLOG GET: "count" must be an integer, got a string'],
  ["lolwut", ["5"], 'LOLWUT: "versionNumbers" must be an integer, got a string'],
  [
    "memoryUsage",
    ["k", { samples: -1 }],
    'MEMORY USAGE: option "samples" must not be negative, got -1',
  ],
  ["moduleLoad", [undefined], `MODULE LOAD: "path" must be ${FREE} undefined`],
  [
    "moduleLoadex",
    ["p", { args: [null] }],
    `MODULE LOADEX: each of option "args" must be ${FREE} null`,
  ],
  ["moduleLoadex", ["p", { config: [] }], 'MODULE LOADEX: option "config" must not be empty'],
  ["latencyHistory", [null], `LATENCY HISTORY: "event" must be ${FREE} null`],
  [
    "commandList",
    [{ module: "m", pattern: "p" }],
    'COMMAND LIST: options "module" and "pattern" exclude each other',
  ],
  [
    "commandList",
    [{ pattern: "\ud800" }],
    'COMMAND LIST: option "pattern" must be text that its encoding can represent',
  ],
  ["commandGetkeys", [], 'COMMAND GETKEYS: "commandArgs" must not be empty'],
  ["swapdb", [0, "1"], 'SWAPDB: "second" must be an integer, got a string'],
]);

expectRefusals("cluster", [
  ["clusterAddslots", [], 'CLUSTER ADDSLOTS: "slots" must not be empty'],
  ["clusterAddslots", ["1"], 'CLUSTER ADDSLOTS: each of "slots" must be an integer, got a string'],
  ["clusterAddslots", [[1, -1]], 'CLUSTER ADDSLOTS: each of "slots" must not be negative, got -1'],
  [
    "clusterAddslotsrange",
    [1],
    'CLUSTER ADDSLOTSRANGE: "ranges" must hold a first and a last slot each',
  ],
  [
    "clusterDelslotsrange",
    [[1, 2, null, 4]],
    'CLUSTER DELSLOTSRANGE: each of "ranges" must be an integer, got null',
  ],
  [
    "clusterFailover",
    ["SOON"],
    'CLUSTER FAILOVER: "mode" must be one of "FORCE", "TAKEOVER", got another text',
  ],
  ["clusterForget", [null], `CLUSTER FORGET: "nodeId" must be ${FREE} null`],
  ["clusterMeet", ["h", "6379"], 'CLUSTER MEET: "port" must be an integer, got a string'],
  [
    "clusterReset",
    ["LUKEWARM"],
    'CLUSTER RESET: "mode" must be one of "HARD", "SOFT", got another text',
  ],
  [
    "clusterSetslot",
    [1, "MOVING"],
    'CLUSTER SETSLOT: "state" must be one of "STABLE", "IMPORTING", "MIGRATING", "NODE", got another text',
  ],
  [
    "clusterSetslot",
    [1, "STABLE", "node"],
    'CLUSTER SETSLOT: "nodeId" must be left out when "state" is "STABLE"',
  ],
  ["clusterSetslot", [1, "NODE"], `CLUSTER SETSLOT: "nodeId" must be ${FREE} undefined`],
  ["clusterSlotStats", [], "CLUSTER SLOT-STATS: options must be an object, got undefined"],
  [
    "clusterSlotStats",
    [{ startSlot: 1 }],
    'CLUSTER SLOT-STATS: options "startSlot" and "endSlot" must be given together',
  ],
  [
    "clusterSlotStats",
    [{ orderBy: "SIZE" }],
    'CLUSTER SLOT-STATS: option "orderBy" must be one of "KEY-COUNT", "CPU-USEC", "NETWORK-BYTES-IN", "NETWORK-BYTES-OUT", got another text',
  ],
  [
    "clusterSlotStats",
    [{ startSlot: 1, endSlot: 2, limit: 1 }],
    'CLUSTER SLOT-STATS: option "limit" needs option "orderBy"',
  ],
  ["clusterKeyslot", [{}], `CLUSTER KEYSLOT: "key" must be ${FREE} an object`],
]);
