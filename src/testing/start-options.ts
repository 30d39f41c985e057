/**
 * Options of `startServer` and `startCluster` and their validation: with a misspelled option a test could
 * pass for the wrong reason.
 */

/** Options of `startServer`. */
export interface StartServerOptions {
  /** String: the start of the required version, such as `"7"` or `"8.0"`; default: any version. */
  readonly version?: string;
  /**
   * String or array of strings: path of the server program, followed by its first arguments; default: the
   * program on the PATH.
   */
  readonly server?: string | readonly string[];
  /** Boolean: also listen on a TLS port, with certificates created for this server; default `false`. */
  readonly tls?: boolean;
  /** Boolean: also listen on a unix socket; default `false`. */
  readonly unixSocket?: boolean;
  /** String: password of the default user; default none. */
  readonly password?: string;
  /** Array of strings: ACL users in the syntax of ACL SETUSER, such as `"alice on >secret ~* +@all"`. */
  readonly acl?: readonly string[];
  /** Integer, 0 to 10: number of replicas; default 0. */
  readonly replicas?: number;
  /** Integer, 0 to 10: number of Sentinels, which monitor the master as `mymaster`; default 0. */
  readonly sentinels?: number;
  /** Object: configuration directives by name; an array of values becomes several lines; default `{}`. */
  readonly config?: Readonly<Record<string, string | readonly string[]>>;
}

/** Options of `startCluster`. */
export interface StartClusterOptions
  extends Pick<StartServerOptions, "version" | "server" | "tls" | "password" | "acl" | "config"> {
  /** Integer, 1 to 10: number of primaries, which share the slots equally; default 3. */
  readonly primaries?: number;
  /** Integer, 0 to 10: number of replicas, assigned to the primaries in turn; default 0. */
  readonly replicas?: number;
  /** Integer, 100 to 60,000, in ms: silence after which a node counts as failed; default 1000. */
  readonly nodeTimeout?: number;
}

/** The options with defaults. */
export interface ServerSettings extends StartServerOptions {
  readonly replicas: number;
  readonly sentinels: number;
  readonly config: NonNullable<StartServerOptions["config"]>;
}

/** The options of a cluster with defaults. */
export interface ClusterTestSettings extends StartClusterOptions {
  readonly primaries: number;
  readonly replicas: number;
  readonly nodeTimeout: number;
  readonly config: NonNullable<StartServerOptions["config"]>;
}

type Check = readonly [isValid: (value: unknown) => boolean, expected: string];

const MAX_COUNT = 10;
const TEXT: Check = [(value) => typeof value === "string", "a string"];
const FLAG: Check = [(value) => typeof value === "boolean", "a boolean"];
const COUNT: Check = integer(0, MAX_COUNT);
const TEXTS: Check = [
  (value) => Array.isArray(value) && value.every((item) => typeof item === "string"),
  "an array of strings",
];
const PROGRAM: Check = [
  (value) => TEXT[0](value) || (TEXTS[0](value) && (value as readonly string[]).length > 0),
  "a string or an array of strings",
];
const CONFIG: Check = [
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((line) => TEXT[0](line) || TEXTS[0](line)),
  "an object whose values are strings or arrays of strings",
];

const CHECKS: Readonly<Record<keyof StartServerOptions, Check>> = {
  version: TEXT,
  server: PROGRAM,
  tls: FLAG,
  unixSocket: FLAG,
  password: TEXT,
  acl: TEXTS,
  replicas: COUNT,
  sentinels: COUNT,
  config: CONFIG,
};

const CLUSTER_CHECKS: Readonly<Record<keyof StartClusterOptions, Check>> = {
  version: TEXT,
  server: PROGRAM,
  tls: FLAG,
  password: TEXT,
  acl: TEXTS,
  config: CONFIG,
  primaries: integer(1, MAX_COUNT),
  replicas: COUNT,
  nodeTimeout: integer(100, 60_000),
};

/**
 * Validate the options of `startServer` and add the defaults.
 *
 * @throws TypeError naming the option that is unknown or invalid.
 */
export function serverSettings(options: StartServerOptions): ServerSettings {
  return settingsOf("startServer", options, {
    checks: CHECKS,
    defaults: { replicas: 0, sentinels: 0, config: {} },
  });
}

/**
 * Validate the options of `startCluster` and add the defaults.
 *
 * @throws TypeError naming the option that is unknown or invalid.
 */
export function clusterTestSettings(options: StartClusterOptions): ClusterTestSettings {
  return settingsOf("startCluster", options, {
    checks: CLUSTER_CHECKS,
    defaults: { primaries: 3, replicas: 0, nodeTimeout: 1_000, config: {} },
  });
}

function integer(lowest: number, highest: number): Check {
  return [
    (value) => Number.isInteger(value) && Number(value) >= lowest && Number(value) <= highest,
    `an integer from ${lowest} to ${highest}`,
  ];
}

interface Rules<Defaults> {
  readonly checks: Readonly<Record<string, Check>>;
  readonly defaults: Defaults;
}

function settingsOf<Options extends object, Defaults extends object>(
  caller: string,
  options: Options,
  { checks, defaults }: Rules<Defaults>,
): Options & Defaults {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`${caller}: argument "options" must be an object`);
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined) {
      const known = Object.keys(checks).join(", ");
      throw new TypeError(`${caller}: unknown option "${name}"; known options: ${known}`);
    }
    const [isValid, expected] = check;
    if (value !== undefined && !isValid(value)) {
      throw new TypeError(`${caller}: option "${name}" must be ${expected}`);
    }
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  // Without a prototype: what a program added to Object.prototype is not an option.
  return Object.assign(Object.create(null), defaults, Object.fromEntries(given));
}
