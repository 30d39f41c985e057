/**
 * Owns what locks do on the server. Each script is one indivisible step that looks at the token before
 * it changes anything, so that nobody ever touches a lock that is somebody else's.
 */

import { ScriptSource } from "../execution/preload.js";
import { type ScriptClient, scriptRunner } from "../scripting/script.js";
import type { ScriptRunner } from "../scripting/server-script.js";

/** One for all locks: it holds nothing but the text and its hash, which is computed when first used. */
function script(lua: string): ScriptRunner<ScriptClient> {
  return scriptRunner(new ScriptSource(lua));
}

/**
 * Take the lock. In doubt, when the reply to an earlier attempt was lost, also when it is held under
 * this very token; else that is somebody who uses the same. KEYS: lock, counter (optional). ARGV:
 * token, time to live in ms (0: for ever), whether in doubt. Gives 0 when somebody else has it; else
 * the counter, or 1. A counter that cannot be increased is an error, and leaves no lock.
 */
export const TAKE = script(`
local set = {'set', KEYS[1], ARGV[1], 'NX'}
if ARGV[2] ~= '0' then
  set[5], set[6] = 'PX', ARGV[2]
end
if not redis.call(unpack(set)) then
  if ARGV[3] ~= '1' or redis.pcall('get', KEYS[1]) ~= ARGV[1] then return 0 end
  if ARGV[2] ~= '0' then redis.call('pexpire', KEYS[1], ARGV[2]) end
end
if not KEYS[2] then return 1 end
local count = redis.pcall('incr', KEYS[2])
if type(count) == 'table' then redis.call('del', KEYS[1]) end
return count
`);

/** Delete the lock. KEYS: lock. ARGV: token. Gives whether it was this token's. */
export const RELEASE = script(`
if redis.pcall('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('del', KEYS[1])
`);

/**
 * Lengthen or set the time to live. KEYS: lock. ARGV: token, ms, whether to forget what is left.
 * Gives whether it was this token's, and had a time to live.
 */
export const EXTEND = script(`
if redis.pcall('get', KEYS[1]) ~= ARGV[1] then return 0 end
local left = redis.call('pttl', KEYS[1])
if left < 0 then return 0 end
if ARGV[3] == '1' then left = 0 end
return redis.call('pexpire', KEYS[1], left + ARGV[2])
`);

/** Set the time to live. KEYS: lock. ARGV: token, ms. Gives whether it was this token's. */
export const REACQUIRE = script(`
if redis.pcall('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ARGV[2])
`);

/** As REACQUIRE, but a longer time to live is left as it is. */
export const RENEW = script(`
if redis.pcall('get', KEYS[1]) ~= ARGV[1] then return 0 end
if redis.call('pttl', KEYS[1]) >= tonumber(ARGV[2]) then return 1 end
return redis.call('pexpire', KEYS[1], ARGV[2])
`);
