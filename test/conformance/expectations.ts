/**
 * The accepted differences between the table and the servers, each with its reason. Everything else must
 * agree exactly.
 */
import type { Aspect } from "./compare.js";

/** Commands of a server that this library deliberately leaves out, with the reason. */
export const ABSENT: Readonly<Record<string, string>> = {
  DEBUG: "only DEBUG OBJECT and those others redis-py has exist; no server describes the rest",
  "SENTINEL CONFIG": "no server tells of its two forms apart; the table has them as commands",
  "RESTORE-ASKING": "sent between cluster nodes while slots move, refused from anybody else",
};

/** Commands of the table that no server of these tests has, with the reason to keep them. */
export const AHEAD: Readonly<Record<string, string>> = {
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
 * Methods that only a scripted server answers in the tests, besides those of commands that are
 * {@link AHEAD}: their effect on a real server cannot be produced in a test, or would end the server.
 */
export const MOCKED: Readonly<Record<string, string>> = {
  moduleLoad: "the servers of these tests come without a module to load",
  moduleLoadex: "the servers of these tests come without a module to load",
  moduleUnload: "no module is loaded that could be unloaded",
};

/** The exceptions by aspect and command. */
export const DIFFERENT: Readonly<Record<Aspect, Readonly<Record<string, string>>>> = {
  words: {
    BITFIELD_RO: "without anything to read it could only answer with nothing",
    BGSAVE: "SCHEDULE goes out unless the caller says no, as in redis-py",
    "COMMAND GETKEYS": "no command has keys without arguments, and Redis 7.0 asks for one",
    "COMMAND GETKEYSANDFLAGS": "no command has keys without arguments, and Redis 7.0 asks for one",
    DECR: "with an amount the method sends DECRBY",
    INCR: "with an amount the method sends INCRBY",
    MIGRATE: "keys always stand behind KEYS, which serves one and many",
    ZRANK: "Redis 7.0 does not know the option that gives the score",
    ZREVRANK: "Redis 7.0 does not know the option that gives the score",
    XTRIM: "~ goes out unless the caller says no, as in redis-py",
  },
  keys: {},
  flags: {
    SHUTDOWN: "has to wait for replicas, but the end of the connection is its answer",
    WAIT: "Redis 7.0 forgot to say so, later ones do",
  },
  since: {
    "CLIENT PAUSE": "Redis 7.0 names the beta release 2.9.50, later ones the release it led to",
  },
  tokens: {
    BITFIELD: "operations have names of their own, whose tests see them on the wire",
    SORT: "ascending is the order when nothing is said",
    SORT_RO: "ascending is the order when nothing is said",
    XADD: "= is what the server does without ~",
    "XGROUP SETID": "$ is one of the values its parameter may have",
    XTRIM: "= is what the server does without ~",
  },
};
