/**
 * Owns the notes of which command methods were called: for each, under which protocol and with text
 * or bytes, as long as the server answered and the test that called it made assertions and passed.
 * Every worker writes a file of its own; test/conformance/calls.test.ts reads them all at the end.
 *
 * The notes are taken without touching the promises a test sees: a second reaction on a promise
 * would hide the caller's frames from V8 and a missing one from "unhandledRejection".
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Commands } from "../../src/commands/generated/commands.js";
import { CommandHost } from "../../src/commands/host.js";
import { RedisClient } from "../../src/redis.js";
import { Request } from "../../src/request.js";
import { PROTOCOLS, type Protocol } from "./protocols.js";

/** Where global-setup tells the workers the folder for their notes. */
export const CALLS_FOLDER = "REDISWIRE_TEST_CALLS";

/** What bulk strings were in a call. */
export type Decoding = "text" | "bytes";

/** A way to call a method. */
export interface CallMode {
  readonly protocol: Protocol;
  readonly decoding: Decoding;
}

/** The four of them. */
export const CALL_MODES: readonly CallMode[] = PROTOCOLS.flatMap((protocol) =>
  (["text", "bytes"] as const).map((decoding) => ({ protocol, decoding })),
);

/** Name of a method called in a mode: `hget 2 text`. */
export function callName(method: string, { protocol, decoding }: CallMode): string {
  return `${method} ${protocol} ${decoding}`;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Names of the calls each promise belongs to; more than one when an alias called the method. */
const callsOf = new WeakMap<object, string[]>();
const decodings = new WeakMap<object, Decoding>();
let answered: string[] = [];
const kept = new Set<string>();

/** Begin to take notes. Once per process. */
export function watchCalls(): void {
  for (const prototype of commandPrototypes()) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name !== "constructor") wrap(prototype, name, watched(name));
    }
  }
  wrap(RedisClient.prototype, "with", remembering);
  wrap(RedisClient.prototype, "client", remembering);
  wrap(Request.prototype, "accept", noting);
}

/** Forget what was called since the last test: its hooks are no test. */
export function beginTest(): void {
  answered = [];
}

/** Keep what was called in a test that proved something. */
export function endTest(proved: boolean): void {
  if (proved) for (const call of answered) kept.add(call);
  answered = [];
}

/** Write down what was kept, for {@link readCalls}. */
export function writeCalls(): void {
  const folder = process.env[CALLS_FOLDER];
  if (folder === undefined || kept.size === 0) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify([...kept]));
}

/**
 * Read what all workers wrote down so far.
 *
 * @returns Names as {@link callName} makes them.
 */
export function readCalls(): ReadonlySet<string> {
  const folder = process.env[CALLS_FOLDER];
  if (folder === undefined) throw new Error("global setup did not run");
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  return new Set(files.flatMap((text) => JSON.parse(text) as string[]));
}

/** The generated classes' prototypes: between the end of the chain and the hand-written host. */
function commandPrototypes(): object[] {
  const chain: object[] = [];
  let prototype: unknown = Commands.prototype;
  while (typeof prototype === "object" && prototype !== null) {
    if (prototype === CommandHost.prototype) return chain;
    chain.push(prototype);
    prototype = Object.getPrototypeOf(prototype);
  }
  throw new Error("the chain of command classes does not end in CommandHost");
}

function wrap(prototype: object, name: string, wrapper: (original: Method) => Method): void {
  const original: unknown = Reflect.get(prototype, name);
  if (typeof original !== "function") throw new Error(`${name} is no method`);
  Reflect.defineProperty(prototype, name, {
    value: wrapper(original as Method),
    configurable: true,
    writable: true,
  });
}

function watched(name: string): (original: Method) => Method {
  return (original) =>
    function (...args) {
      const result = Reflect.apply(original, this, args);
      if (this instanceof RedisClient && typeof result === "object" && result !== null) {
        const call = callName(name, modeOf(this));
        const others = callsOf.get(result);
        if (others === undefined) callsOf.set(result, [call]);
        else others.push(call);
      }
      return result;
    };
}

/** A view has the decoding it was made with, or that of the client it was made from. */
const remembering = (original: Method): Method =>
  function (...args) {
    const view = Reflect.apply(original, this, args) as object;
    const given = (args[0] as { readonly decodeResponses?: boolean } | undefined)?.decodeResponses;
    const inherited = modeOf(this as RedisClient).decoding;
    decodings.set(view, given === undefined ? inherited : given ? "text" : "bytes");
    return view;
  };

const noting = (original: Method): Method =>
  function (...args) {
    const request = this as Request;
    const isFirst = !request.settled;
    const result = Reflect.apply(original, this, args);
    if (isFirst) answered.push(...(callsOf.get(request.promise) ?? []));
    return result;
  };

function modeOf(client: RedisClient<string | Buffer, number | bigint>): CallMode {
  const { protocol, decodeResponses } = client.connectionPool.settings;
  const decoding = decodings.get(client) ?? (decodeResponses ? "text" : "bytes");
  return { protocol, decoding };
}
