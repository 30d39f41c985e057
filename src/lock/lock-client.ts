/**
 * The client as a lock uses it, and the views through which it sends its commands: without the client's response
 * callbacks and reply settings, because a lock decides by the replies of the server only.
 */
import { isUint8Array } from "node:util/types";
import type { Key, Value } from "../commands/core/info.js";
import { WITHOUT_CALLBACKS } from "../execution/call-settings.js";
import { traitsOfClient } from "../execution/client-traits.js";
import type { ScriptClient } from "../scripting/script.js";
import { toBytes } from "../util/bytes.js";
import { withMethods } from "../util/validate.js";

/** The part of a client that acquiring a lock uses. */
export interface AcquireClient extends ScriptClient {
  set(
    key: Key,
    value: Value,
    options: { readonly nx: true; readonly px?: number },
  ): Promise<unknown>;
  get(key: Key): Promise<unknown>;
}

/** Call settings of a lock's commands that differ from those of its client. */
interface LockView {
  readonly decodeResponses?: false;
  readonly integers?: "number";
  readonly retryOnTimeout?: false;
  readonly retryOnError?: readonly [];
  readonly signal?: undefined;
  readonly timeout?: undefined;
}

/** The part of a client that a lock uses. */
export interface LockClient extends AcquireClient {
  exists(key: Key): Promise<unknown>;
  /** Return the same client with other call settings. */
  with(settings: LockView): LockClient;
}

/**
 * Automatic retries are off: a repeated SET NX fails because of the key that the first one has set, and a
 * repeated release finds no lock.
 */
const VIEW = {
  decodeResponses: false,
  integers: "number",
  retryOnTimeout: false,
  retryOnError: [],
  [WITHOUT_CALLBACKS]: true,
} as const;

/** For a cluster: a replica may not have the latest token yet. */
const CLUSTER_VIEW = { ...VIEW, loadBalancingStrategy: "primary" } as const;

const lockClient = withMethods<LockClient>("a client, not a pipeline", [
  "set",
  "get",
  "exists",
  "evalsha",
  "scriptLoad",
  "with",
]);

/** Views of one client for the commands of a lock. */
export interface LockClients {
  readonly client: LockClient;
  /** Without signal and timeout, for commands that must be sent in any case. */
  readonly unlimited: LockClient;
}

/**
 * Create the views of a client.
 *
 * @throws DataError when the value is not a client.
 */
export function lockClients(value: unknown): LockClients {
  const given = lockClient('lock: argument "client"', value);
  const client = given.with(traitsOfClient(given).severalServers ? CLUSTER_VIEW : VIEW);
  return { client, unlimited: client.with({ signal: undefined, timeout: undefined }) };
}

/** Return the bytes of a token; of a new UUID when none is given. */
export function tokenOf(client: LockClient, given: string | Uint8Array | undefined): Buffer {
  if (given !== undefined)
    return toBytes('argument "token"', given, traitsOfClient(client).encoding);
  return Buffer.from(globalThis.crypto.randomUUID().replaceAll("-", ""));
}

/** Whether two keys are the same bytes for a client. */
export function isSameKey(client: LockClient, a: Key, b: Key): boolean {
  const bytes = (key: Key): Uint8Array =>
    isUint8Array(key) ? key : Buffer.from(String(key), traitsOfClient(client).encoding);
  return Buffer.compare(bytes(a), bytes(b)) === 0;
}
