/** Tests of channel names: how they are encoded, the key they are stored under, and how they are returned. */
import { describe, expect, it } from "vitest";
import { CommandInfo } from "../../../src/commands/core/info.js";
import { DataError, DecodeError } from "../../../src/errors.js";
import { BYTES, INLINE_ERRORS, type Reply, TEXT } from "../../../src/protocol/reply.js";
import { ChannelCodec, type Subscriptions } from "../../../src/pubsub/channel-codec.js";

type Encoding = ConstructorParameters<typeof ChannelCodec>[0];

const COMMAND = new CommandInfo("SUBSCRIBE", { params: ["channels..."] });
const UTF8: Encoding = { encoding: "utf8", encodingErrors: "strict" };
const text = new ChannelCodec(UTF8, false);
const bytes = new ChannelCodec(UTF8, true);
const INVALID = Buffer.from([0xff, 0x00, 0xfe]);

function targets(codec: ChannelCodec, ...given: Subscriptions<never>[]) {
  return [...codec.subscriptions(COMMAND, given).values()];
}

/** The encoded bytes of a name. */
const wire = (name: string | Buffer, encoding: BufferEncoding = "utf8"): Buffer =>
  typeof name === "string" ? Buffer.from(name, encoding) : name;

describe("ChannelCodec.subscriptions", () => {
  it("accepts names, arrays, objects and Maps in one call", () => {
    const handler = () => {};
    const map = new Map([
      ["d", handler],
      ["e", null],
    ] as const);
    const found = targets(text, "a", ["b", "a"], { c: handler }, map);
    expect(found.map(({ key, handler: one }) => [key, one])).toEqual([
      ["a", null],
      ["b", null],
      ["c", handler],
      ["d", handler],
      ["e", null],
    ]);
  });

  it("keeps the last handler of a channel given twice", () => {
    const [first, second] = [() => {}, () => {}];
    expect(targets(text, { a: first }, { a: second })).toEqual([
      { name: "a", key: "a", handler: second },
    ]);
    expect(targets(text, { a: first }, "a")[0]?.handler).toBeNull();
  });

  it("converts numbers to decimal names", () => {
    expect(targets(text, 7, 2n ** 64n).map(({ key }) => key)).toEqual([
      "7",
      "18446744073709551616",
    ]);
  });

  it("treats text and bytes of the same name as one channel", () => {
    for (const codec of [text, bytes]) {
      expect(targets(codec, "é", Buffer.from("é"))).toHaveLength(1);
      expect(targets(codec, "a", Buffer.from("a"))).toHaveLength(1);
    }
  });

  it("copies the bytes of names", () => {
    const name = Buffer.from("é1");
    const [target] = targets(text, name);
    name.fill(0);
    expect(target).toMatchObject({ key: "é1", name: Buffer.from("é1") });
  });

  it.each([
    ["undefined", undefined],
    ["null", null],
    ["true", true],
    ["a date", new Date()],
    ["an array with undefined", ["a", undefined]],
    ["a handler of undefined", { a: undefined }],
    ["a handler that is text", { a: "x" }],
    ["a Map with a bad handler", new Map([["a", 1]])],
    ["a lone surrogate", "a\ud800"],
  ])("rejects %s", (_, given) => {
    const call = () => text.subscriptions(COMMAND, [given as never]);
    expect(call).toThrow(DataError);
    expect(call).toThrow(/^SUBSCRIBE: /);
  });

  it("rejects a name that is not valid text, unless decodeResponses is false", () => {
    expect(() => targets(text, INVALID)).toThrow(
      'SUBSCRIBE: argument "channels" must be valid utf8; use decodeResponses: false for arbitrary bytes',
    );
    expect(targets(bytes, INVALID)[0]?.name).toEqual(INVALID);
  });

  it("rejects names that need a replacement, independent of encodingErrors", () => {
    for (const encodingErrors of ["replace", "ignore"] as const) {
      const latin = new ChannelCodec({ encoding: "latin1", encodingErrors }, false);
      expect(() => targets(latin, "€")).toThrow(
        'SUBSCRIBE: argument "channels" must be text that latin1 can represent',
      );
      const utf8 = new ChannelCodec({ encoding: "utf8", encodingErrors }, true);
      expect(() => targets(utf8, "a\ud800")).toThrow(
        'SUBSCRIBE: argument "channels" must be text that utf8 can represent',
      );
      expect(() =>
        targets(new ChannelCodec({ encoding: "utf8", encodingErrors }, false), INVALID),
      ).toThrow(DataError);
    }
  });
});

describe.each([
  ["utf8", "é€😀"],
  ["latin1", "éÿ"],
  ["ascii", "plain"],
  ["utf16le", "é€😀"],
] as const)("ChannelCodec with encoding %s", (encoding, name) => {
  const settings: Encoding = { encoding, encodingErrors: "strict" };

  /** The reply that the parser returns for these bytes in the mode of a codec. */
  const parsed = (codec: ChannelCodec, item: Buffer): Reply =>
    (codec.mode & BYTES) === 0 ? item.toString(encoding) : item;

  it.each([
    ["text", false],
    ["bytes", true],
  ])("finds and returns names as %s", (_, asBytes) => {
    const codec = new ChannelCodec(settings, asBytes);
    for (const one of [name, "ascii"]) {
      const [target] = targets(codec, one);
      if (target === undefined) throw new Error("no target");
      const arrived = parsed(codec, wire(target.name, encoding));
      expect(wire(target.name, encoding)).toEqual(Buffer.from(one, encoding));
      expect(codec.key(arrived)).toBe(target.key);
      const shown = asBytes ? Buffer.from(one, encoding) : one;
      expect(codec.value(arrived)).toEqual(shown);
      expect(codec.displayName(target)).toEqual(shown);
    }
  });

  it("recognizes message types in every reply mode", () => {
    for (const asBytes of [false, true]) {
      const codec = new ChannelCodec(settings, asBytes);
      const word = (codec.mode & BYTES) === 0 ? "pmessage" : Buffer.from("pmessage");
      expect(codec.word(word)).toBe("pmessage");
      expect(codec.word(3)).toBe("");
      expect(codec.word(undefined)).toBe("");
    }
  });
});

describe("ChannelCodec with invalid text", () => {
  it("returns a DecodeError in place of the value", () => {
    const error = new DecodeError("3 bytes are not valid utf8");
    expect(text.mode).toBe(TEXT | INLINE_ERRORS);
    expect(text.value(error)).toBe(error);
    expect(text.key(error)).toBeUndefined();
  });
});
