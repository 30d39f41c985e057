/**
 * The Lua scripts of locks. Each changes an existing key only after comparing its token, in one atomic step, so that no
 * client changes a lock that another client holds.
 */

import { ScriptSource } from "../execution/preload.js";
import { type ScriptClient, scriptRunner } from "../scripting/script.js";
import type { ScriptRunner } from "../scripting/server-script.js";

/** Shared by all locks: a script consists of its text and its hash, which is computed at first use. */
function script(lua: string): ScriptRunner<ScriptClient> {
  return scriptRunner(new ScriptSource(lua));
}

/**
 * Take the lock. KEYS: lock, counter (optional). ARGV: token, time to live in ms (0: none), flag. Returns 0
 * when the lock is not free, else the counter, or 1. A counter that cannot be incremented is an error; -1 when its
 * next value is not from 1 to 2^53-1. It is unchanged then, and no lock is left. With flag 1, after the reply to an earlier attempt was lost, a lock with the same token is
 * the caller's own; with flag 0 it belongs to another client that uses the same token.
 */
export const TAKE = script(`
local set = {'set', KEYS[1], ARGV[1], 'NX'}
if ARGV[2] ~= '0' then
  set[5], set[6] = 'PX', ARGV[2]
end
if not redis.call(unpack(set)) then
  local holder = redis.pcall('get', KEYS[1])
  if type(holder) == 'table' then return holder end
  if ARGV[3] ~= '1' or holder ~= ARGV[1] then return 0 end
  if ARGV[2] ~= '0' then redis.call('pexpire', KEYS[1], ARGV[2]) end
end
if not KEYS[2] then return 1 end
local count = redis.pcall('incr', KEYS[2])
local valid = type(count) == 'number' and count >= 1 and count <= 9007199254740991
if not valid then redis.call('del', KEYS[1]) end
if valid or type(count) == 'table' then return count end
redis.call('decr', KEYS[2])
return -1
`);

/** Delete the lock. KEYS: lock. ARGV: token. Returns 1 if the lock had this token, else 0. */
export const RELEASE = script(`
if redis.pcall('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('del', KEYS[1])
`);

/**
 * Extend or replace the time to live. KEYS: lock. ARGV: token, ms, 1 to replace the remaining time.
 * Returns 1 if the lock had this token and a time to live, else 0.
 */
export const EXTEND = script(`
if redis.pcall('get', KEYS[1]) ~= ARGV[1] then return 0 end
local left = redis.call('pttl', KEYS[1])
if left < 0 then return 0 end
if ARGV[3] == '1' then left = 0 end
return redis.call('pexpire', KEYS[1], left + ARGV[2])
`);

/** Set the time to live. KEYS: lock. ARGV: token, ms. Returns 1 if the lock had this token, else 0. */
export const REACQUIRE = script(`
if redis.pcall('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ARGV[2])
`);

/** As REACQUIRE, but keeps a longer time to live. */
export const RENEW = script(`
if redis.pcall('get', KEYS[1]) ~= ARGV[1] then return 0 end
if redis.call('pttl', KEYS[1]) >= tonumber(ARGV[2]) then return 1 end
return redis.call('pexpire', KEYS[1], ARGV[2])
`);
