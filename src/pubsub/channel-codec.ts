/**
 * Conversion of channel names and message data of one subscriber: text or bytes for the user, and the key under
 * which a subscription is found. A name that the encoding cannot represent without loss is rejected. Pure.
 */

import { isMap, isUint8Array } from "node:util/types";
import { isList } from "../commands/core/arg-values.js";
import type { CommandInfo, Key } from "../commands/core/info.js";
import type { Many } from "../commands/core/types.js";
import { DataError, DecodeError } from "../errors.js";
import type { Settings } from "../options/types.js";
import { Encoder, formatNumber } from "../protocol/encoder.js";
import { BYTES, INLINE_ERRORS, type Reply, type ReplyMode, TEXT } from "../protocol/reply.js";
import { extendsAscii, textDecoder, undecodableMessage } from "../protocol/text-decoder.js";
import { viewOf } from "../util/bytes.js";
import { callbackHint, isPlainObject, kindOf } from "../util/validate.js";
import type { Handler, PublishedMessage, Text } from "./messages.js";

/** Names to subscribe to, with or without handlers: a name, an array or a Set of names, or an object or Map
 * from names to handlers. `null` means no handler. */
export type Subscriptions<M> =
  | Many<Key>
  | Readonly<Record<string, Handler<M> | null>>
  | ReadonlyMap<Key, Handler<M> | null>;

/** Constraint of `H`, an object from names to handlers of any type, such as an interface. */
export type HandlersOf<H, M> = Readonly<Record<keyof H, Handler<M> | null>>;

/** A handler of any message type; only its caller knows which. */
export type AnyHandler = Handler<never>;

/** One channel or pattern, and the handler of its messages. */
export interface Subscription {
  /** As sent to the server. */
  readonly name: string | Buffer;
  /** Identifies the name; see {@link ChannelCodec.key}. */
  readonly key: string;
  /** `null`: the messages are queued for readers. */
  readonly handler: AnyHandler | null;
}

const BEYOND_ASCII = /[\u0080-\uffff]/;

/** Converts names and data of one subscriber in both directions. */
export class ChannelCodec {
  /** How the parser builds replies. */
  readonly mode: ReplyMode;
  readonly #encoding: BufferEncoding;
  readonly #encoder: Encoder;
  readonly #bytes: boolean;
  /** Whether the encoding encodes ASCII characters as single ASCII bytes. */
  readonly #extendsAscii: boolean;
  /** Whether text is decoded here: in UTF-16 the parser could not decode the message types. */
  readonly #decodesHere: boolean;
  readonly #decode: (bytes: Buffer, start: number, end: number) => string | undefined;

  /**
   * @param settings - Encoding of names and data.
   * @param bytes - Whether the user gets Buffers instead of strings.
   */
  constructor(settings: Pick<Settings, "encoding" | "encodingErrors">, bytes: boolean) {
    const { encoding, encodingErrors } = settings;
    this.#encoding = encoding;
    this.#encoder = new Encoder(settings);
    this.#bytes = bytes;
    this.#extendsAscii = extendsAscii(encoding);
    this.#decodesHere = !bytes && !this.#extendsAscii;
    this.#decode = textDecoder(encoding, encodingErrors);
    this.mode = (bytes || this.#decodesHere ? BYTES : TEXT) | INLINE_ERRORS;
  }

  /** Return an item that is part of the protocol, such as a message type; `""` if it is not a string. */
  word(item: Reply | undefined): string {
    if (typeof item === "string") return item;
    return isUint8Array(item) ? item.toString("latin1") : "";
  }

  /** Return the key of a received name; `undefined` when it is not a name, or invalid text. */
  key(item: Reply | undefined): string | undefined {
    if (typeof item === "string") return item;
    return isUint8Array(item) ? item.toString("latin1") : undefined;
  }

  /** Return a name that is part of the protocol, in the form in which it is received. */
  received(name: string): Text {
    return (this.mode & BYTES) === 0 ? name : Buffer.from(name, "latin1");
  }

  /** Return an item as the user gets it; an error for text that is invalid in the encoding. */
  value(item: Reply | undefined): Text | DecodeError {
    // The keys of an invalidation; its message is typed separately.
    if (Array.isArray(item)) return this.#list(item) as Text | DecodeError;
    return this.#decodesHere && isUint8Array(item)
      ? this.#decodeText(item)
      : (item as Text | DecodeError);
  }

  /**
   * Build a message.
   *
   * @param items - As received: type, channel or pattern, for `pmessage` the channel, data.
   * @returns The message, or an error when an item is invalid text.
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

  /** Return the name of a subscription as the user gets it. */
  displayName({ name }: Subscription): Text {
    if (this.#bytes) return this.#encode(name);
    return typeof name === "string" ? name : (this.#decode(name, 0, name.length) ?? name);
  }

  /**
   * Convert the arguments of a call that subscribes or unsubscribes.
   *
   * @param command - Named in errors.
   * @returns The subscriptions by key; when a name is given twice, the last one.
   * @throws DataError for an invalid name or handler.
   */
  subscriptions(
    command: CommandInfo,
    given: readonly Subscriptions<never>[],
  ): Map<string, Subscription> {
    checkNoFunction(command, given);
    const pairs = given.flatMap(pairsOf<never>);
    for (const [, handler] of pairs) checkHandler(command.name, handler);
    const names = pairs.map(([name]) => name);
    this.#encoder.check(command, names);
    const all = pairs.map(([name, handler]) => this.#subscription(command, name, handler));
    return new Map(all.map((subscription) => [subscription.key, subscription]));
  }

  #subscription(command: CommandInfo, given: Key, handler: AnyHandler | null): Subscription {
    const name = nameOf(given);
    if (typeof name === "string" && this.#extendsAscii && !BEYOND_ASCII.test(name)) {
      return { name, key: name, handler };
    }
    // A copy: the caller may change the bytes while the subscription lasts.
    const wire = Buffer.from(this.#encode(name));
    const text = this.#decode(wire, 0, wire.length);
    const isLossless = text !== undefined && Buffer.from(text, this.#encoding).equals(wire);
    const isSameText = typeof name !== "string" || name === text;
    if (!isSameText || (!this.#bytes && !isLossless)) throw this.#nameError(command, name);
    const key = this.#bytes || this.#decodesHere ? wire.toString("latin1") : (text ?? "");
    return { name: wire, key, handler };
  }

  #encode(name: string | Uint8Array): Buffer {
    if (typeof name === "string") return Buffer.from(name, this.#encoding);
    return viewOf(name);
  }

  #list(items: readonly Reply[]): readonly Text[] | DecodeError {
    const values = items.map((item) => this.value(item));
    return values.find((value) => value instanceof DecodeError) ?? (values as Text[]);
  }

  #decodeText(bytes: Buffer): string | DecodeError {
    const text = this.#decode(bytes, 0, bytes.length);
    if (text !== undefined) return text;
    return new DecodeError(undecodableMessage(bytes.length, this.#encoding), { code: "EDECODE" });
  }

  #nameError({ name: command, params }: CommandInfo, name: string | Uint8Array): DataError {
    const argument = params[0]?.replace("...", "");
    const expected =
      typeof name === "string"
        ? `text that ${this.#encoding} can represent`
        : `valid ${this.#encoding}; use decodeResponses: false for arbitrary bytes`;
    const message = `${command}: argument "${argument}" must be ${expected}`;
    return new DataError(message, { code: "EINVAL", command });
  }
}

function nameOf(given: Key): string | Uint8Array {
  if (typeof given === "number") return formatNumber(given);
  return typeof given === "bigint" ? given.toString() : given;
}

/** A name and what the caller passed as its handler. */
export type SubscriptionPair<M> = readonly [name: Key, handler: Handler<M> | null];

/** Return the names and handlers of one argument of a subscription. The handlers are not checked. */
export function pairsOf<M>(given: Subscriptions<M>): readonly SubscriptionPair<M>[] {
  if (isList(given)) return [...given].map((name): SubscriptionPair<M> => [name as Key, null]);
  if (isMap(given)) return [...given] as SubscriptionPair<M>[];
  if (isPlainObject(given)) return Object.entries(given) as SubscriptionPair<M>[];
  return [[given as Key, null]];
}

/** Refuse `subscribe("channel", handler)`, the form of other clients. */
function checkNoFunction({ name: command, params }: CommandInfo, given: readonly unknown[]): void {
  const found = given.find((item) => typeof item === "function");
  if (found === undefined) return;
  const argument = params[0]?.replace("...", "");
  const remedy = /^[PS]?SUB/.test(command) ? "; use { channel: handler }" : callbackHint(found);
  const message = `${command}: argument "${argument}" must be a string, number or Uint8Array, got a function${remedy}`;
  throw new DataError(message, { code: "EINVAL", command });
}

function checkHandler(command: string, handler: unknown): void {
  if (typeof handler === "function" || handler === null) return;
  throw new DataError(`${command}: a handler must be a function or null, got ${kindOf(handler)}`, {
    code: "EINVAL",
    command,
  });
}
