/**
 * The accepted differences between the table and the servers, each with its reason. Everything else must
 * agree exactly.
 */
import type { Aspect } from "./compare.js";

/** Commands of a server that this library deliberately leaves out, with the reason. */
export const ABSENT: Readonly<Record<string, string>> = {
  DEBUG:
    "this library has DEBUG OBJECT and the other subcommands of redis-py; no server describes the rest",
  "SENTINEL CONFIG":
    "servers describe its two forms as one command; the table has one command for each",
  "RESTORE-ASKING": "sent only between cluster nodes while slots move",
};

/** Commands of the table that no server of these tests has, with the reason to keep them. */
export const UNAVAILABLE: Readonly<Record<string, string>> = {
  ARCOUNT: "since Redis 8.8",
  ARDEL: "since Redis 8.8",
  ARDELRANGE: "since Redis 8.8",
  ARGET: "since Redis 8.8",
  ARGETRANGE: "since Redis 8.8",
  ARGREP: "since Redis 8.8",
  ARINFO: "since Redis 8.8",
  ARINSERT: "since Redis 8.8",
  ARLASTITEMS: "since Redis 8.8",
  ARLEN: "since Redis 8.8",
  ARMGET: "since Redis 8.8",
  ARMSET: "since Redis 8.8",
  ARNEXT: "since Redis 8.8",
  AROP: "since Redis 8.8",
  ARRING: "since Redis 8.8",
  ARSCAN: "since Redis 8.8",
  ARSEEK: "since Redis 8.8",
  ARSET: "since Redis 8.8",
  BLMOVEM: "since Redis 8.10",
  DELEX: "since Redis 8.4",
  DIGEST: "since Redis 8.4",
  "HIMPORT DISCARD": "since Redis 8.10",
  "HIMPORT DISCARDALL": "since Redis 8.10",
  "HIMPORT PREPARE": "since Redis 8.10",
  "HIMPORT SET": "since Redis 8.10",
  "HOTKEYS GET": "since Redis 8.6",
  "HOTKEYS RESET": "since Redis 8.6",
  "HOTKEYS START": "since Redis 8.6",
  "HOTKEYS STOP": "since Redis 8.6",
  INCREX: "since Redis 8.8",
  LMOVEM: "since Redis 8.10",
  MSETEX: "since Redis 8.4",
  SDIFFCARD: "since Redis 8.10",
  SUNIONCARD: "since Redis 8.10",
  XACKDEL: "since Redis 8.2",
  XCFGSET: "since Redis 8.6",
  XDELEX: "since Redis 8.2",
  XNACK: "since Redis 8.8",
};

/**
 * Methods that only a scripted server replies to in the tests, besides those of commands that are
 * {@link UNAVAILABLE}: their effect on a real server cannot be produced in a test, or would end the server.
 */
export const MOCKED: Readonly<Record<string, string>> = {
  moduleLoad: "the servers of these tests come without a module to load",
  moduleLoadex: "the servers of these tests come without a module to load",
  moduleUnload: "no module is loaded that could be unloaded",
};

/** Methods that send nothing, so that no server replies to them. */
export const UNSENT: Readonly<Record<string, string>> = {
  quit: "closes the client as close() does, without QUIT",
};

/** The exceptions by aspect and command. */
export const DIFFERENT: Readonly<Record<Aspect, Readonly<Record<string, string>>>> = {
  words: {
    BITFIELD_RO: "without an operation the reply would be empty",
    BGSAVE: "SCHEDULE is sent unless the caller disables it, as in redis-py",
    "COMMAND GETKEYS":
      "a command without arguments has no keys, so the method requires an argument, as Redis 7.0 does",
    "COMMAND GETKEYSANDFLAGS":
      "a command without arguments has no keys, so the method requires an argument, as Redis 7.0 does",
    DECR: "with an amount the method sends DECRBY",
    INCR: "with an amount the method sends INCRBY",
    MIGRATE: "keys are always sent after KEYS, whether one or many",
    ZRANK: "Redis 7.0 does not have the WITHSCORE option",
    ZREVRANK: "Redis 7.0 does not have the WITHSCORE option",
    XTRIM: "~ is sent unless the caller disables it, as in redis-py",
  },
  keys: {},
  flags: {
    SHUTDOWN: "it is blocking, but its reply is the end of the connection",
    WAIT: "Redis 7.0 does not report the flag, later versions do",
  },
  since: {
    "CLIENT PAUSE": "Redis 7.0 reports the beta release 2.9.50, later versions the final release",
  },
  tokens: {
    BITFIELD: "operations are separate methods, whose tests check the keywords on the wire",
    SORT: "ascending is the default order",
    SORT_RO: "ascending is the default order",
    XADD: "exact trimming is the default without ~",
    "XGROUP SETID": "$ is one of the values of its ID parameter",
    XTRIM: "exact trimming is the default without ~",
  },
  policies: {
    "LATENCY RESET":
      "Redis 7.0 reports all_succeeded, later versions agg_sum, for a count of events",
    "SCRIPT LOAD": "the primaries only: a replica that is down must not be in the way",
  },
  nodes: {
    "CLIENT SETINFO": "concerns one connection; the handshake sends it on every connection",
    "CLIENT SETNAME": "concerns one connection; the handshake sends it on every connection",
    "CLUSTER SLOT-STATS": "describes the slots of one node",
    "ACL DELUSER": "Redis 7.0 does not report the tip, later versions do",
    "ACL SAVE": "Redis 7.0 does not report the tip, later versions do",
    "ACL SETUSER": "Redis 7.0 does not report the tip, later versions do",
    "CONFIG RESETSTAT": "Redis 7.0 does not report the tip, later versions do",
    "CONFIG REWRITE": "Redis 7.0 does not report the tip, later versions do",
    INFO: "describes one server, as any node may",
    PING: "any node may answer",
    "FUNCTION STATS": "describes one server, as any node may",
    "LATENCY DOCTOR": "describes one server, as any node may",
    "LATENCY GRAPH": "describes one server, as any node may",
    "LATENCY HISTOGRAM": "describes one server, as any node may",
    "LATENCY HISTORY": "describes one server, as any node may",
    "LATENCY LATEST": "describes one server, as any node may",
    "MEMORY DOCTOR": "describes one server, as any node may",
    "MEMORY MALLOC-STATS": "describes one server, as any node may",
    "MEMORY STATS": "describes one server, as any node may",
  },
};
