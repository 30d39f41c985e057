/** Names and data of subscribers: what goes out, under which key it is found again, what users see. */
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

function targets(wording: ChannelCodec, ...given: Subscriptions<never>[]) {
  return [...wording.targets(COMMAND, given).values()];
}

/** What a name becomes on the wire. */
const wire = (name: string | Buffer, encoding: BufferEncoding = "utf8"): Buffer =>
  typeof name === "string" ? Buffer.from(name, encoding) : name;

describe("what is given", () => {
  it("may be names, lists, objects and Maps, mixed", () => {
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

  it("is known by its last handler when it comes twice", () => {
    const [first, second] = [() => {}, () => {}];
    expect(targets(text, { a: first }, { a: second })).toEqual([
      { name: "a", key: "a", handler: second },
    ]);
    expect(targets(text, { a: first }, "a")[0]?.handler).toBeNull();
  });

  it("may be numbers, written in decimal", () => {
    expect(targets(text, 7, 2n ** 64n).map(({ key }) => key)).toEqual([
      "7",
      "18446744073709551616",
    ]);
  });

  it("is the same channel as text and as bytes", () => {
    for (const wording of [text, bytes]) {
      expect(targets(wording, "é", Buffer.from("é"))).toHaveLength(1);
      expect(targets(wording, "a", Buffer.from("a"))).toHaveLength(1);
    }
  });

  it("is copied, for the caller's bytes may change", () => {
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
    ["a list with undefined", ["a", undefined]],
    ["a handler of undefined", { a: undefined }],
    ["a handler that is text", { a: "x" }],
    ["a Map with a bad handler", new Map([["a", 1]])],
    ["a lone surrogate", "a\ud800"],
  ])("is refused when it is %s", (_, given) => {
    const call = () => text.targets(COMMAND, [given as never]);
    expect(call).toThrow(DataError);
    expect(call).toThrow(/^SUBSCRIBE: /);
  });

  it("is refused when text cannot show it, but not when bytes are wanted", () => {
    expect(() => targets(text, INVALID)).toThrow(/not valid utf8; decodeResponses: false/);
    expect(targets(bytes, INVALID)[0]?.name).toEqual(INVALID);
  });

  it("is never bent to fit, whatever encodingErrors says", () => {
    for (const encodingErrors of ["replace", "ignore"] as const) {
      const latin = new ChannelCodec({ encoding: "latin1", encodingErrors }, false);
      expect(() => targets(latin, "€")).toThrow("latin1 cannot represent");
      const utf8 = new ChannelCodec({ encoding: "utf8", encodingErrors }, true);
      expect(() => targets(utf8, "a\ud800")).toThrow("utf8 cannot represent");
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
] as const)("in %s", (encoding, name) => {
  const settings: Encoding = { encoding, encodingErrors: "strict" };

  /** What the parser makes of bytes in a wording's mode. */
  const parsed = (wording: ChannelCodec, item: Buffer): Reply =>
    (wording.mode & BYTES) === 0 ? item.toString(encoding) : item;

  it.each([
    ["text", false],
    ["bytes", true],
  ])("names are found again as %s", (_, asBytes) => {
    const wording = new ChannelCodec(settings, asBytes);
    for (const one of [name, "ascii"]) {
      const [target] = targets(wording, one);
      if (target === undefined) throw new Error("no target");
      const arrived = parsed(wording, wire(target.name, encoding));
      expect(wire(target.name, encoding)).toEqual(Buffer.from(one, encoding));
      expect(wording.key(arrived)).toBe(target.key);
      const shown = asBytes ? Buffer.from(one, encoding) : one;
      expect(wording.value(arrived)).toEqual(shown);
      expect(wording.shown(target)).toEqual(shown);
    }
  });

  it("the words of the protocol are understood", () => {
    for (const asBytes of [false, true]) {
      const wording = new ChannelCodec(settings, asBytes);
      const word = (wording.mode & BYTES) === 0 ? "pmessage" : Buffer.from("pmessage");
      expect(wording.word(word)).toBe("pmessage");
      expect(wording.word(3)).toBe("");
      expect(wording.word(undefined)).toBe("");
    }
  });
});

describe("what is no text", () => {
  it("is an error in its place", () => {
    const error = new DecodeError("3 bytes are not valid utf8");
    expect(text.mode).toBe(TEXT | INLINE_ERRORS);
    expect(text.value(error)).toBe(error);
    expect(text.key(error)).toBeUndefined();
  });
});
