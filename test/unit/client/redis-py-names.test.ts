/**
 * Checks that each command method of redis-py, up to version 8.1, exists under its camelCase name, or is
 * listed below with the reason why not.
 */
import { describe, expect, test } from "vitest";
import { Redis } from "../../../src/index.js";

/** The command methods of redis-py. */
const NAMES = `
  acl_cat acl_deluser acl_genpass acl_getuser acl_help acl_list acl_load acl_log acl_log_reset
  acl_save acl_setuser acl_users acl_whoami append bgrewriteaof bgsave bitcount bitfield bitop
  bitpos blmove blpop brpop brpoplpush bzpopmax bzpopmin client_getname client_getredir
  client_id client_info client_kill client_kill_filter client_list client_pause client_reply
  client_setname client_trackinginfo client_unblock client_unpause cluster command_count
  command_info config_get config_resetstat config_rewrite config_set copy dbsize debug_object
  debug_segfault decr decrby delete dump echo eval evalsha exists expire expireat flushall
  flushdb geoadd geodist geohash geopos georadius georadiusbymember geosearch geosearchstore get
  getbit getdel getex getrange getset hdel hexists hget hgetall hincrby hincrbyfloat hkeys hlen
  hmget hmset hrandfield hscan hscan_iter hset hsetnx hstrlen hvals incr incrby incrbyfloat info
  keys lastsave lindex linsert llen lmove lolwut lpop lpos lpush lpushx lrange lrem lset ltrim
  memory_doctor memory_help memory_malloc_stats memory_purge memory_stats memory_usage mget
  migrate module_list module_load module_unload move mset msetnx object persist pexpire
  pexpireat pfadd pfcount pfmerge ping psetex pttl publish pubsub_channels pubsub_numpat
  pubsub_numsub quit randomkey readonly readwrite register_script rename renamenx replicaof
  restore rpop rpoplpush rpush rpushx sadd save scan scan_iter scard script_debug script_exists
  script_flush script_kill script_load sdiff sdiffstore set setbit setex setnx setrange shutdown
  sinter sinterstore sismember slaveof slowlog_get slowlog_len slowlog_reset smembers smismember
  smove sort spop srandmember srem sscan sscan_iter stralgo strlen substr sunion sunionstore
  swapdb time touch ttl type unlink unwatch wait watch xack xadd xautoclaim xclaim xdel
  xgroup_create xgroup_createconsumer xgroup_delconsumer xgroup_destroy xgroup_setid
  xinfo_consumers xinfo_groups xinfo_stream xlen xpending xpending_range xrange xread xreadgroup
  xrevrange xtrim zadd zcard zcount zdiff zdiffstore zincrby zinter zinterstore zlexcount
  zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore zrangestore zrank zrem
  zremrangebylex zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore
  zrevrank zscan zscan_iter zscore zunion zunionstore acl_dryrun arcount ardel ardelrange arget
  argetrange argrep arinfo arinsert arlastitems arlen armget armset arnext arop arring arscan
  arseek arset auth bitfield_ro blmovem blmpop bzmpop client_no_evict client_no_touch
  client_setinfo client_tracking client_tracking_off client_tracking_on command command_docs
  command_getkeys command_getkeysandflags command_list delex digest digest_local eval_ro
  evalsha_ro expiretime failover fcall fcall_ro function_delete function_dump function_flush
  function_kill function_list function_load function_restore function_stats hello hexpire
  hexpireat hexpiretime hgetdel hgetex himport_discard himport_discard_all
  himport_discard_all_internal himport_discard_internal himport_prepare himport_prepare_internal
  himport_set hotkeys_get hotkeys_reset hotkeys_start hotkeys_stop hpersist hpexpire hpexpireat
  hpexpiretime hpttl hsetex httl increx latency_doctor latency_graph latency_histogram
  latency_history latency_latest latency_reset lcs lmovem lmpop module_loadex msetex pexpiretime
  psync pubsub_shardchannels pubsub_shardnumsub reset role sdiffcard select sentinel
  sentinel_ckquorum sentinel_failover sentinel_flushconfig sentinel_get_master_addr_by_name
  sentinel_master sentinel_masters sentinel_monitor sentinel_remove sentinel_reset
  sentinel_sentinels sentinel_set sentinel_slaves sintercard sort_ro spublish sunioncard sync
  waitaof xackdel xcfgset xdelex xnack zintercard zmpop
`
  .trim()
  .split(/\s+/);

/** Methods that do not exist here, with the reason. */
const MISSING: Readonly<Record<string, string>> = {
  client_reply: "every command waits for its reply; use a pipeline to save round trips",
  debug_segfault: "redis-py sends no command either",
  himport_discard_all_internal: "an internal second name of himportDiscardAll",
  himport_discard_internal: "an internal second name of himportDiscard",
  himport_prepare_internal: "an internal second name of himportPrepare",
  psync: "the reply is a replication stream, which this client does not read",
  reset: "named resetConnection, because reset() empties a pipeline",
  sentinel: "redis-py sends no command either; each subcommand has a method",
  stralgo: "removed in Redis 7.0 and replaced by lcs",
  sync: "the reply is a replication stream, which this client does not read",
  unwatch: "a method of the result of pipeline.watch(), because WATCH needs a dedicated connection",
  watch: "a method of pipelines, because WATCH needs a dedicated connection",
};

const camelCase = (name: string): string =>
  name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const isMethod = (name: string): boolean =>
  typeof Reflect.get(Redis.prototype, camelCase(name)) === "function";

describe("command methods of redis-py", () => {
  const expected = NAMES.filter((name) => !(name in MISSING));

  test("are listed completely", () => {
    expect(NAMES).toHaveLength(374);
    expect(new Set(NAMES).size).toBe(374);
  });

  test.each(expected)("%s exists", (name) => {
    expect(isMethod(name), camelCase(name)).toBe(true);
  });

  test("are listed as missing only when they do not exist", () => {
    const excused = Object.keys(MISSING);
    expect(excused.filter((name) => !NAMES.includes(name) || isMethod(name))).toEqual([]);
  });
});
