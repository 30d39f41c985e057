/**
 * Decides which commands may be answered from the cache: they only read, their keys are known, and without a change of
 * these keys a second call returns the same. Pure.
 */
import {
  type Arg,
  BLOCKING,
  CLOSES,
  type CommandInfo,
  NO_KEYS,
  PRIMARY_ONLY,
  READONLY,
  SESSION,
} from "../commands/core/info.js";
import { keywordOf } from "../commands/core/read-args.js";
import { BIGINT, BYTES } from "../protocol/reply.js";

/** Commands that need a connection of their own, or whose replies belong to one server. */
const NEVER = BLOCKING | SESSION | CLOSES;

/** Replies that change with time or by chance, or depend on more than the keys. */
const CHANGING: ReadonlySet<string> = new Set([
  ...["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME", "HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME"],
  ...["HRANDFIELD", "SRANDMEMBER", "ZRANDMEMBER", "VRANDMEMBER", "VSIM", "VINFO", "VLINKS"],
  ...["XREAD", "XPENDING", "XINFO STREAM", "XINFO GROUPS", "XINFO CONSUMERS"],
  ...["ARINFO", "DUMP", "MEMORY USAGE"],
  ...["OBJECT ENCODING", "OBJECT FREQ", "OBJECT IDLETIME", "OBJECT REFCOUNT"],
  ...["EVAL_RO", "EVALSHA_RO", "FCALL_RO"],
]);

/** Commands with options that read other keys. */
const SORTING: ReadonlySet<string> = new Set(["SORT", "SORT_RO"]);

/** What applies to every call of one command. */
export interface CacheRule {
  /** Start of the identity of a call, by reply mode. */
  readonly ids: readonly string[];
  /** Whether a second call may return something else although the keys have not changed. */
  readonly changing: boolean;
  /** Whether some options read other keys. */
  readonly sorting: boolean;
}

const MODES = [0, BYTES, BIGINT, BYTES | BIGINT];

/** Return the rule of a command; `null` when its replies are never kept. */
export function ruleOf({ name, flags, route }: CommandInfo): CacheRule | null {
  if ((flags & READONLY) === 0 || (flags & NEVER) !== 0 || route === NO_KEYS) return null;
  return {
    ids: MODES.map((mode) => `${mode}${name} `),
    changing: CHANGING.has(name) || (flags & PRIMARY_ONLY) !== 0,
    sorting: SORTING.has(name),
  };
}

/** Whether a call reads keys that are not among its keys: SORT_RO with BY or GET. */
export function readsOtherKeys({ sorting }: CacheRule, args: readonly Arg[]): boolean {
  if (!sorting) return false;
  return args.slice(1).some((arg) => ["BY", "GET"].includes(keywordOf(arg)));
}
