/**
 * Observes which command methods the tests call, under which protocol and with text or bytes. A call counts
 * when the server has replied to it and the calling test has made assertions and passed.
 *
 * Calls are observed without touching the promises of a test: a second reaction on a promise would hide the
 * caller's frames from V8 and a missing reaction from "unhandledRejection".
 */

import { RedisClient } from "../../src/client/redis.js";
import { BitFieldOperation } from "../../src/commands/bitmaps/bitfield.js";
import { CommandSender } from "../../src/commands/core/command-surface.js";
import { ENDS } from "../../src/commands/core/info.js";
import { Commands } from "../../src/commands/generated/commands.js";
import { COMMANDS } from "../../src/commands/generated/registry.js";
import { endedByServer } from "../../src/connection/errors.js";
import type { RedisError } from "../../src/errors.js";
import { CommandRequest } from "../../src/execution/command-request.js";
import { isRealServer } from "./real-servers.js";
import { callName, type Decoding } from "./recorded-calls.js";

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Names of the calls of each promise; more than one when an alias called the method. */
const callsOf = new WeakMap<object, string[]>();
const decodings = new WeakMap<object, Decoding>();
let answered: string[] = [];
const confirmed = new Set<string>();

/** Start observing, once per process. */
export function observeCalls(): void {
  for (const prototype of commandPrototypes()) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name !== "constructor") wrap(prototype, name, recordCallsOf(name));
    }
  }
  wrap(RedisClient.prototype, "with", recordDecoding);
  wrap(RedisClient.prototype, "client", recordDecoding);
  wrap(BitFieldOperation.prototype, "execute", passOnCalls);
  wrap(CommandRequest.prototype, "acceptReply", recordReply);
  wrap(CommandRequest.prototype, "fail", recordClosingReply);
}

/** Discard the calls since the last test, which are calls of hooks. */
export function beginTest(): void {
  answered = [];
}

/** Count the calls of a test that has made assertions and passed. */
export function endTest(passed: boolean): void {
  if (passed) for (const call of answered) confirmed.add(call);
  answered = [];
}

/** Return the counted calls in the format of {@link callName}. */
export function confirmedCalls(): readonly string[] {
  return [...confirmed];
}

/** Return the prototypes of the generated classes, between the end of the chain and the hand-written class. */
function commandPrototypes(): object[] {
  const chain: object[] = [];
  let prototype: unknown = Commands.prototype;
  while (typeof prototype === "object" && prototype !== null) {
    if (prototype === CommandSender.prototype) return chain;
    chain.push(prototype);
    prototype = Object.getPrototypeOf(prototype);
  }
  throw new Error("the chain of command classes does not end in CommandSender");
}

function wrap(prototype: object, name: string, createWrapper: (original: Method) => Method): void {
  const original: unknown = Reflect.get(prototype, name);
  if (typeof original !== "function") throw new Error(`${name} is not a method`);
  Reflect.defineProperty(prototype, name, {
    value: createWrapper(original as Method),
    configurable: true,
    writable: true,
  });
}

function recordCallsOf(name: string): (original: Method) => Method {
  return (original) =>
    function (...args) {
      const result = Reflect.apply(original, this, args);
      if (this instanceof RedisClient && typeof result === "object" && result !== null) {
        const call = nameFor(name, this);
        const others = callsOf.get(result);
        if (others === undefined) callsOf.set(result, [call]);
        else others.push(call);
      }
      return result;
    };
}

/** Record the decoding of a view, which inherits that of its client unless it sets its own. */
const recordDecoding = (original: Method): Method =>
  function (...args) {
    const view = Reflect.apply(original, this, args) as object;
    const given = (args[0] as { readonly decodeResponses?: boolean } | undefined)?.decodeResponses;
    const inherited = decodingOf(this as Client);
    decodings.set(view, given === undefined ? inherited : given ? "text" : "bytes");
    return view;
  };

/** Pass the calls of an operation, which sends its command later, on to its promise. */
const passOnCalls = (original: Method): Method =>
  function (...args) {
    const promise = Reflect.apply(original, this, args) as object;
    const calls = callsOf.get(this as object);
    if (calls !== undefined) callsOf.set(promise, calls);
    return promise;
  };

/** Record commands that have received a reply. */
const recordReply = (original: Method): Method =>
  function (...args) {
    const request = this as CommandRequest;
    if (!request.settled) recordAnswered(request);
    return Reflect.apply(original, this, args);
  };

/** Record commands that the server answers by closing the connection. */
const recordClosingReply = (original: Method): Method =>
  function (...args) {
    const request = this as CommandRequest;
    const flags = COMMANDS.get(request.name)?.flags ?? 0;
    const isAnswer = (flags & ENDS) !== 0 && endedByServer(args[0] as RedisError);
    if (isAnswer && !request.settled) recordAnswered(request);
    return Reflect.apply(original, this, args);
  };

function recordAnswered(request: CommandRequest): void {
  answered.push(...(callsOf.get(request.promise) ?? []));
}

type Client = RedisClient<string | Buffer, number | bigint>;

function nameFor(method: string, client: Client): string {
  const { protocol, address } = client.connectionPool.settings;
  const place = address.kind === "tcp" ? address.port : address.path;
  const mode = { protocol, decoding: decodingOf(client) };
  return callName(method, mode, isRealServer(place) ? "server" : "mock");
}

function decodingOf(client: Client): Decoding {
  const defaultDecoding = client.connectionPool.settings.decodeResponses ? "text" : "bytes";
  return decodings.get(client) ?? defaultDecoding;
}
