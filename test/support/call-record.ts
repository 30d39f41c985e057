/**
 * Owns the look over the shoulder of tests: which command methods they call, under which protocol and
 * with text or bytes. A call counts when the server answered it and the test that made it has made
 * assertions and passed.
 *
 * Calls are watched without touching the promises a test sees: a second reaction on a promise
 * would hide the caller's frames from V8 and a missing one from "unhandledRejection".
 */
import { Commands } from "../../src/commands/generated/commands.js";
import { CommandHost } from "../../src/commands/host.js";
import { RedisClient } from "../../src/redis.js";
import { Request } from "../../src/request.js";
import { type CallMode, callName, type Decoding } from "./call-notes.js";

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Names of the calls each promise belongs to; more than one when an alias called the method. */
const callsOf = new WeakMap<object, string[]>();
const decodings = new WeakMap<object, Decoding>();
let answered: string[] = [];
const kept = new Set<string>();

/** Begin to watch. Once per process. */
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

/** What was kept so far, as {@link callName} names calls. */
export function keptCalls(): readonly string[] {
  return [...kept];
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
