/**
 * Owns the options of `startServer`, and the check that they are what they should be: a misspelled
 * option of a test server would make a test pass for the wrong reason.
 */

/** What kind of server to start. */
export interface StartServerOptions {
  /** What its version must begin with, as `"7"` or `"8.0"`; without it, what the machine has. */
  readonly version?: string;
  /** Also listen on a TLS port, with certificates made for this server. */
  readonly tls?: boolean;
  /** Also listen on a unix socket. */
  readonly unixSocket?: boolean;
  /** Password of the default user. */
  readonly password?: string;
  /** ACL users, each in the words of ACL SETUSER: `"alice on >secret ~* +@all"`. */
  readonly acl?: readonly string[];
  /** How many replicas to start beside the master. */
  readonly replicas?: number;
  /** How many Sentinels to start; they watch the master under the name `mymaster`. */
  readonly sentinels?: number;
  /** Lines of the configuration file; an array gives several lines of one name. */
  readonly config?: Readonly<Record<string, string | readonly string[]>>;
}

/** The options, with the ones that have defaults. */
export interface ReadOptions extends StartServerOptions {
  readonly replicas: number;
  readonly sentinels: number;
  readonly config: NonNullable<StartServerOptions["config"]>;
}

type Check = readonly [test: (value: unknown) => boolean, expected: string];

const MOST = 10;
const TEXT: Check = [(value) => typeof value === "string", "a string"];
const FLAG: Check = [(value) => typeof value === "boolean", "a boolean"];
const COUNT: Check = [
  (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MOST,
  `a whole number from 0 to ${MOST}`,
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
 * Check the options of `startServer` and fill in what was left out.
 *
 * @param options - As the user gave them.
 * @returns The options with their defaults.
 * @throws TypeError naming the option, and what was expected.
 */
export function readOptions(options: StartServerOptions): ReadOptions {
  if (typeof options !== "object" || options === null) {
    throw new TypeError('startServer: "options" must be an object');
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof StartServerOptions] : null;
    if (check === null) {
      const known = Object.keys(CHECKS).join(", ");
      throw new TypeError(`startServer: unknown option "${name}"; known are ${known}`);
    }
    const [test, expected] = check;
    if (value !== undefined && !test(value)) {
      throw new TypeError(`startServer: "${name}" must be ${expected}`);
    }
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { replicas: 0, sentinels: 0, config: {}, ...Object.fromEntries(given) };
}
