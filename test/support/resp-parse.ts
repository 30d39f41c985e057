/**
 * Runs the parser under test: its reports become plain data, and the memory of every chunk is overwritten after
 * each feed, so that a value which shares the memory is detected.
 */
import { DecodeError, RedisError } from "../../src/errors.js";
import type { Parser, ParserOptions, ReplyHandler } from "../../src/protocol/parser.js";
import { MapReply, type Reply, SetReply } from "../../src/protocol/reply.js";
import { ParserUnderTest } from "./parser-under-test.js";

export const OPTIONS: ParserOptions = {
  encoding: "utf8",
  encodingErrors: "strict",
  maxDepth: 32,
  maxBulkLength: 512 * 1024 * 1024,
  maxElements: 2 ** 32,
};

/** One call of a {@link ReplyHandler} as comparable data. */
export type Event = readonly [type: "reply" | "error" | "decode-error" | "push", value: unknown];

/** A handler that records its calls. */
export class Recorder implements ReplyHandler {
  readonly events: Event[] = [];
  /** Number of calls for the reply mode. */
  modeCalls = 0;
  readonly #modes: readonly number[];

  /** @param modes - The modes to return in turn, repeated at the end. */
  constructor(...modes: number[]) {
    this.#modes = modes;
  }
  nextMode(): number {
    return this.#modes[this.modeCalls++ % this.#modes.length] ?? 0;
  }
  nextPushMode(): number {
    return 0;
  }
  onReply(value: Reply): void {
    this.events.push(["reply", comparable(value)]);
  }
  onErrorReply(error: RedisError): void {
    this.events.push(["error", comparable(error)]);
  }
  onDecodeError(error: DecodeError): void {
    this.events.push(["decode-error", error.name]);
  }
  onPush(items: Reply[]): void {
    this.events.push(["push", comparable(items)]);
  }
}

/** Convert a value into plain data that differs for different types of reply. */
export function comparable(value: Reply): unknown {
  if (Buffer.isBuffer(value)) return { bytes: value.toString("hex") };
  if (value instanceof DecodeError) return { undecodable: true };
  if (value instanceof RedisError) return { error: value.name, message: value.message };
  if (value instanceof MapReply) return { map: value.items.map(comparable) };
  if (value instanceof SetReply) return { set: value.items.map(comparable) };
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === "number") return { number: Object.is(value, -0) ? "-0" : String(value) };
  if (typeof value === "bigint") return { bigint: String(value) };
  return value;
}

/** Feed the pieces; overwrite each as soon as the parser has returned. */
export function feedAll(parser: Parser, pieces: readonly Buffer[]): void {
  const memory = Buffer.alloc(Math.max(0, ...pieces.map((piece) => piece.length)));
  for (const piece of pieces) {
    piece.copy(memory);
    parser.feed(memory.subarray(0, piece.length));
    memory.fill(0);
  }
}

/** Return the reports of a parser; an exception is the last entry. */
export function parse(
  pieces: readonly Buffer[],
  modes: readonly number[] = [0],
  options: Partial<ParserOptions> = {},
): readonly (Event | Thrown)[] {
  const recorder = new Recorder(...modes);
  const parser = new ParserUnderTest(recorder, { ...OPTIONS, ...options });
  try {
    feedAll(parser, pieces);
  } catch (error) {
    return [...recorder.events, ["thrown", (error as Error).name, (error as Error).message]];
  }
  return recorder.events;
}

/** The entry of an exception. */
export type Thrown = readonly [type: "thrown", name: string, message: string];

/** Split into single bytes. */
export function bytewise(whole: Buffer): Buffer[] {
  return Array.from(whole, (byte) => Buffer.of(byte));
}

/** Return all ways to split into two pieces. */
export function cuts(whole: Buffer): Buffer[][] {
  return Array.from(whole, (_, at) => [whole.subarray(0, at), whole.subarray(at)]);
}
