/**
 * Options of other clients (ioredis, iovalkey, node-redis, redis-py) that have another name here or none, and
 * what replaces each. For the messages about unknown options only.
 */

const SENTINEL = "use new Sentinel(sentinels).masterFor(name)";
const NOT_NEEDED = "omit it:";
const REPLICA_READS = 'use option "loadBalancingStrategy"';
const WAITS = 'use option "clusterErrorRetryAttempts"';

/** What to write instead, by the option's name in the other client. */
const REPLACEMENTS: Readonly<Record<string, string>> = {
  ...all(
    ["retryStrategy", "reconnectStrategy", "maxRetriesPerRequest", "retry_strategy"],
    'use option "retry"',
  ),
  ...all(
    ["reconnectOnError", "retryDelayOnFailover"],
    'use option "retryReadonly" or "retryOnError"',
  ),
  ...all(
    [
      "sentinels",
      "role",
      "preferredSlaves",
      "sentinelRetryStrategy",
      "sentinelReconnectStrategy",
      "updateSentinels",
      "natMap",
    ],
    SENTINEL,
  ),
  ...all(
    [
      "sentinelUsername",
      "sentinelPassword",
      "sentinelTLS",
      "enableTLSForSentinelMode",
      "sentinelCommandTimeout",
      "sentinelMaxConnections",
      "failoverDetector",
      "sentinel_kwargs",
    ],
    "use new Sentinel(sentinels, { sentinelOptions })",
  ),
  name: `use option "clientName" for the name of the connection; for a master of Sentinels ${SENTINEL}`,
  keyPrefix: "there is no prefix for keys; add it to the keys",
  lazyConnect: `${NOT_NEEDED} the first command connects; connect() connects at once`,
  ...all(
    ["enableReadyCheck", "maxLoadingRetryTime"],
    'omit it; see option "retryOnError" for servers that are loading',
  ),
  ...all(
    ["enableOfflineQueue", "disableOfflineQueue", "offlineQueue", "commandQueue"],
    'omit it: commands wait for a connection; bound the wait with option "retry" or with({ timeout })',
  ),
  ...all(
    ["enableAutoPipelining", "autoPipelining", "autoPipeliningIgnoredCommands"],
    `${NOT_NEEDED} commands of one turn are written together`,
  ),
  autoResubscribe: `${NOT_NEEDED} subscriptions are restored`,
  autoResendUnfulfilledCommands: 'use option "retryReads" or "retryOnError"',
  readOnly: "use new Sentinel(sentinels).replicaFor(name), or the address of a replica",
  readonly: "use new Sentinel(sentinels).replicaFor(name), or the address of a replica",
  stringNumbers: 'use option "integers": "bigint"',
  showFriendlyErrorStack: `${NOT_NEEDED} stacks contain the caller`,
  ...all(
    ["family", "hints", "localAddress"],
    `${NOT_NEEDED} IPv4 and IPv6 addresses are tried; a connectionClass can open the socket`,
  ),
  noDelay: `${NOT_NEEDED} TCP_NODELAY is always set`,
  socket:
    'use the options "host", "port", "tls", "unixSocketPath", "socketConnectTimeout" and "retry"',
  legacyMode: "there is no legacy mode; commands return promises",
  ...all(["RESP"], 'use option "protocol"'),
  ...all(
    ["isolationPoolOptions", "clientPoolOptions", "commandOptionsPool"],
    'use options "maxConnections" and "sharedConnections"',
  ),
  commandsQueueMaxLength: 'use option "maxPendingCommands"',
  pingInterval: 'use option "healthCheckInterval" (milliseconds)',
  commandOptions: "use redis.with(options)",
  ...all(
    ["scripts", "functions", "modules"],
    "use redis.registerScript(), registerLibrary() or executeCommand()",
  ),
  ...all(["clientInfoTag", "disableClientInfo"], 'use options "libName" and "libVersion"'),
  ...all(["clientSideCache", "cache_config", "cache_factory"], 'use option "cache"'),
  monitor: "use redis.monitor()",
  single_connection_client: "use redis.client()",
  connection_pool: 'use option "connectionPool"',
  redis_connect_func: "use a connectionClass",
  auth_pass: 'use option "password"',
  credentialsProvider: 'use option "credentialProvider"',
  timeout: 'use option "socketTimeout" (milliseconds)',
};

/** The same for a client of a cluster; other names are those of {@link REPLACEMENTS}. */
const CLUSTER_REPLACEMENTS: Readonly<Record<string, string>> = {
  ...all(["redisOptions", "defaults"], "pass its options beside those of the cluster"),
  ...all(["natMap", "nodeAddressMap", "dnsLookup"], 'use option "addressRemap"'),
  ...all(["rootNodes", "nodes"], 'use option "startupNodes"'),
  ...all(["useSRVRecords", "resolveSrv"], 'resolve the records, and use option "startupNodes"'),
  ...all(
    [
      "load_balancing_strategy",
      "readFromReplicas",
      "read_from_replicas",
      "scaleReads",
      "useReplicas",
      "readOnly",
      "readonly",
    ],
    REPLICA_READS,
  ),
  ...all(
    ["maxRedirections", "maxCommandRedirections"],
    `${NOT_NEEDED} a command follows up to 16 redirects`,
  ),
  clusterRetryStrategy: 'use options "retry" and "clusterErrorRetryAttempts"',
  ...all(["retryDelayOnClusterDown", "retryDelayOnTryAgain"], WAITS),
  ...all(["retryDelayOnMoved", "retryDelayOnFailover"], WAITS),
  enableReadyCheck: `${NOT_NEEDED} commands wait for a node that loads its data`,
  slotsRefreshTimeout: 'use option "socketTimeout" (milliseconds)',
  ...all(
    ["slotsRefreshInterval", "slotsRefreshStrategy", "topologyRefreshOnReconnectionAttempt"],
    `${NOT_NEEDED} the slots are read again when nodes redirect or fail`,
  ),
  skip_full_coverage_check: 'use option "requireFullCoverage"',
  minimizeConnections: `${NOT_NEEDED} a node is connected when it is used`,
};

function all(names: readonly string[], replacement: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, replacement]));
}

/** Return what replaces an option of another client; `undefined` for a name that no client has. */
export function replacementOf(name: string): string | undefined {
  return Object.hasOwn(REPLACEMENTS, name) ? REPLACEMENTS[name] : undefined;
}

/** Return the same for an option of a cluster client; `undefined` for a name that has no other meaning there. */
export function clusterReplacementOf(name: string): string | undefined {
  return Object.hasOwn(CLUSTER_REPLACEMENTS, name) ? CLUSTER_REPLACEMENTS[name] : undefined;
}
