/**
 * Options of `startServer` and their validation: with a misspelled option a test could pass for the wrong
 * reason.
 */

/** Options of `startServer`. */
export interface StartServerOptions {
  /** String: the start of the required version, such as `"7"` or `"8.0"`; default: any version. */
  readonly version?: string;
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

/** The options with defaults. */
export interface ServerSettings extends StartServerOptions {
  readonly replicas: number;
  readonly sentinels: number;
  readonly config: NonNullable<StartServerOptions["config"]>;
}

type Check = readonly [isValid: (value: unknown) => boolean, expected: string];

const MAX_COUNT = 10;
const TEXT: Check = [(value) => typeof value === "string", "a string"];
const FLAG: Check = [(value) => typeof value === "boolean", "a boolean"];
const COUNT: Check = [
  (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_COUNT,
  `an integer from 0 to ${MAX_COUNT}`,
];
const TEXTS: Check = [
  (value) => Array.isArray(value) && value.every((item) => typeof item === "string"),
  "an array of strings",
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
  tls: FLAG,
  unixSocket: FLAG,
  password: TEXT,
  acl: TEXTS,
  replicas: COUNT,
  sentinels: COUNT,
  config: CONFIG,
};

/**
 * Validate the options of `startServer` and add the defaults.
 *
 * @throws TypeError naming the option that is unknown or invalid.
 */
export function serverSettings(options: StartServerOptions): ServerSettings {
  if (typeof options !== "object" || options === null) {
    throw new TypeError('startServer: argument "options" must be an object');
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof StartServerOptions] : null;
    if (check === null) {
      const known = Object.keys(CHECKS).join(", ");
      throw new TypeError(`startServer: unknown option "${name}"; known options: ${known}`);
    }
    const [isValid, expected] = check;
    if (value !== undefined && !isValid(value)) {
      throw new TypeError(`startServer: option "${name}" must be ${expected}`);
    }
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const defaults = { replicas: 0, sentinels: 0, config: {} };
  // Without a prototype: what a program added to Object.prototype is not an option.
  return Object.assign(Object.create(null), defaults, Object.fromEntries(given));
}
