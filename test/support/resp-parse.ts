/**
 * Owns running the parser under test: what it reports becomes plain data, and the memory of every
 * chunk is overwritten after each feed, so that a value that shares it does not survive.
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

/** One call of a {@link ReplyHandler}, as something to compare. */
export type Event = readonly [what: "reply" | "error" | "decode-error" | "push", value: unknown];

/** A handler that writes down what it is told. */
export class Recorder implements ReplyHandler {
  readonly events: Event[] = [];
  /** How often a mode was asked for. */
  asked = 0;
  readonly #modes: readonly number[];

  /** @param modes - The modes to answer in turn, starting over at the end. */
  constructor(...modes: number[]) {
    this.#modes = modes;
  }
  nextMode(): number {
    return this.#modes[this.asked++ % this.#modes.length] ?? 0;
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

/** Turn a value into plain data that tells every two kinds of reply apart. */
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

/** Feed the pieces; each is overwritten as soon as the parser has returned. */
export function feedAll(parser: Parser, pieces: readonly Buffer[]): void {
  const memory = Buffer.alloc(Math.max(0, ...pieces.map((piece) => piece.length)));
  for (const piece of pieces) {
    piece.copy(memory);
    parser.feed(memory.subarray(0, piece.length));
    memory.fill(0);
  }
}

/** What a parser reports about the pieces; an exception it throws is the last entry. */
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

/** How a feed ended that threw. */
export type Thrown = readonly [what: "thrown", name: string, message: string];

/** One byte a piece. */
export function bytewise(whole: Buffer): Buffer[] {
  return Array.from(whole, (byte) => Buffer.of(byte));
}

/** Every way to cut in two. */
export function cuts(whole: Buffer): Buffer[][] {
  return Array.from(whole, (_, at) => [whole.subarray(0, at), whole.subarray(at)]);
}
