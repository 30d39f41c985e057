/**
 * Owns how names and data come and go in one subscriber: as text or as bytes, and under which key a
 * name is looked up. A name that text cannot hold without loss is refused, never bent. Pure.
 */

import type { CommandInfo, Key } from "../commands/core/info.js";
import { DataError, DecodeError } from "../errors.js";
import type { Settings } from "../options/types.js";
import { Encoder, formatNumber } from "../protocol/encoder.js";
import { BYTES, INLINE_ERRORS, type Reply, type ReplyMode, TEXT } from "../protocol/reply.js";
import { extendsAscii, textDecoder, undecodableMessage } from "../protocol/text-decoder.js";
import { isPlainObject, kindOf } from "../util/validate.js";
import type { Handler, PublishedMessage, Text } from "./messages.js";

/** What to subscribe to: names, or names with the handlers of their messages. */
export type Subscriptions<M> =
  | Key
  | readonly Key[]
  | Readonly<Record<string, Handler<M> | null>>
  | ReadonlyMap<Key, Handler<M> | null>;

/** A handler whose message type is known to its caller only. */
export type AnyHandler = Handler<never>;

/** One name with what is to happen with its messages. */
export interface Subscription {
  /** As it is sent. */
  readonly name: string | Buffer;
  /** What the name is known by here. */
  readonly key: string;
  /** `null`: the messages are for whoever reads. */
  readonly handler: AnyHandler | null;
}

const BEYOND_ASCII = /[\u0080-\uffff]/;

/** Text or bytes, in both directions. */
export class ChannelCodec {
  /** How replies are to be built. */
  readonly mode: ReplyMode;
  readonly #encoding: BufferEncoding;
  readonly #encoder: Encoder;
  readonly #bytes: boolean;
  /** Whether ASCII text is the same in bytes. */
  readonly #ascii: boolean;
  /** Whether text is built here, because the parser's would not show the words of the protocol. */
  readonly #late: boolean;
  readonly #decode: (bytes: Buffer, start: number, end: number) => string | undefined;

  /**
   * @param settings - The encoding.
   * @param bytes - Whether users see Buffers.
   */
  constructor(settings: Pick<Settings, "encoding" | "encodingErrors">, bytes: boolean) {
    const { encoding, encodingErrors } = settings;
    this.#encoding = encoding;
    this.#encoder = new Encoder(settings);
    this.#bytes = bytes;
    this.#ascii = extendsAscii(encoding);
    this.#late = !bytes && !this.#ascii;
    this.#decode = textDecoder(encoding, encodingErrors);
    this.mode = (bytes || this.#late ? BYTES : TEXT) | INLINE_ERRORS;
  }

  /** Read a word of the protocol; `""` for anything else. */
  word(item: Reply | undefined): string {
    if (typeof item === "string") return item;
    return item instanceof Buffer ? item.toString("latin1") : "";
  }

  /** The key of a name as it arrived; `undefined` when it is none, or no text. */
  key(item: Reply | undefined): string | undefined {
    if (typeof item === "string") return item;
    return item instanceof Buffer ? item.toString("latin1") : undefined;
  }

  /** What users get for an item; an error in place of what is no text. */
  value(item: Reply | undefined): Text | DecodeError {
    return this.#late && item instanceof Buffer ? this.#text(item) : (item as Text | DecodeError);
  }

  /**
   * Read a message.
   *
   * @param items - As they came: the word, what was subscribed to, and what there is to it.
   * @returns The message, or an error when anything in it is no text.
   */
  message(
    type: PublishedMessage["type"],
    items: readonly Reply[],
  ): PublishedMessage<Text> | DecodeError {
    const name = this.value(items[1]);
    const second = this.value(items[2]);
    if (name instanceof DecodeError) return name;
    if (second instanceof DecodeError) return second;
    if (type !== "pmessage") return { type, pattern: null, channel: name, data: second };
    const data = this.value(items[3]);
    if (data instanceof DecodeError) return data;
    return { type, pattern: name, channel: second, data };
  }

  /** What users get for a name of their own. */
  shown({ name }: Subscription): Text {
    if (this.#bytes) return this.#wire(name);
    return typeof name === "string" ? name : (this.#decode(name, 0, name.length) ?? name);
  }

  /**
   * Read what was given to a subscribing or unsubscribing call.
   *
   * @param command - For the words of errors.
   * @returns The targets by key; of a name given twice, the last.
   * @throws DataError when something is no name, or no handler.
   */
  targets(command: CommandInfo, given: readonly Subscriptions<never>[]): Map<string, Subscription> {
    const pairs = given.flatMap((one) => pairsOf(command.name, one));
    const names = pairs.map(([name]) => name);
    this.#encoder.check(command, names);
    const targets = pairs.map(([name, handler]) => this.#target(command, name, handler));
    return new Map(targets.map((target) => [target.key, target]));
  }

  #target(command: CommandInfo, given: Key, handler: AnyHandler | null): Subscription {
    const name = nameOf(given);
    if (typeof name === "string" && this.#ascii && !BEYOND_ASCII.test(name)) {
      return { name, key: name, handler };
    }
    // A copy, for the caller's bytes may change while the subscription lasts.
    const wire = Buffer.from(this.#wire(name));
    const text = this.#decode(wire, 0, wire.length);
    const lossless = text !== undefined && Buffer.from(text, this.#encoding).equals(wire);
    const same = typeof name !== "string" || name === text;
    if (!same || (!this.#bytes && !lossless)) throw this.#unfit(command, name);
    const key = this.#bytes || this.#late ? wire.toString("latin1") : (text ?? "");
    return { name: wire, key, handler };
  }

  #wire(name: string | Uint8Array): Buffer {
    if (typeof name === "string") return Buffer.from(name, this.#encoding);
    return Buffer.from(name.buffer, name.byteOffset, name.byteLength);
  }

  #text(bytes: Buffer): string | DecodeError {
    const text = this.#decode(bytes, 0, bytes.length);
    if (text !== undefined) return text;
    return new DecodeError(undecodableMessage(bytes.length, this.#encoding), { code: "EDECODE" });
  }

  #unfit({ name: command }: CommandInfo, name: string | Uint8Array): DataError {
    const problem =
      typeof name === "string"
        ? `has a name that ${this.#encoding} cannot represent`
        : `has a name that is not valid ${this.#encoding}; decodeResponses: false takes any bytes`;
    return new DataError(`${command}: ${problem}`, { code: "EINVAL", command });
  }
}

function nameOf(given: Key): string | Uint8Array {
  if (typeof given === "number") return formatNumber(given);
  return typeof given === "bigint" ? given.toString() : given;
}

type Pair = readonly [name: Key, handler: AnyHandler | null];

function pairsOf(command: string, given: Subscriptions<never>): Pair[] {
  if (Array.isArray(given)) return given.map((name: Key): Pair => [name, null]);
  if (given instanceof Map) return [...given].map(([name, one]) => [name, checked(command, one)]);
  if (isPlainObject(given)) {
    return Object.entries(given).map(([name, handler]) => [name, checked(command, handler)]);
  }
  return [[given as Key, null]];
}

function checked(command: string, handler: unknown): AnyHandler | null {
  if (typeof handler === "function" || handler === null) return handler as AnyHandler | null;
  throw new DataError(`${command}: a handler must be a function or null, got ${kindOf(handler)}`, {
    code: "EINVAL",
    command,
  });
}
