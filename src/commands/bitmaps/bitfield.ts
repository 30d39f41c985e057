/**
 * Owns the builder of BITFIELD: operations are collected and go out as one command. It knows nothing of
 * its host but how to have the finished arguments carried out, so it serves clients and pipelines alike.
 */
import { type ArgList, token } from "../core/args.js";
import { Choice } from "../core/choice.js";
import type { CommandSurface, Reply } from "../core/command-surface.js";
import type { Integer } from "../core/types.js";
import type { BitEncoding, BitfieldOptions, BitOffset, BitOverflow, BitRead } from "./types.js";

const ENCODING = /^(?:i([1-9]|[1-5]\d|6[0-4])|u([1-9]|[1-5]\d|6[0-3]))$/i;
const NTH = /^#\d+$/;
const WRAP = token("WRAP");
const GET = token("GET");
const SET = token("SET");
const INCRBY = token("INCRBY");
const OVERFLOW = token("OVERFLOW");
const OVERFLOWS = new Choice("WRAP", "SAT", "FAIL");
const OPTIONS = { defaultOverflow: [1, 0] } as const;

/** Add the kind of an integer and where it lies, refusing what the server would refuse. */
function place(args: ArgList, encoding: BitEncoding, offset: BitOffset): ArgList {
  if (typeof encoding !== "string" || !ENCODING.test(encoding)) {
    args.invalid("encoding", 'must be "i1" to "i64" or "u1" to "u63"');
  }
  args.add(encoding);
  if (typeof offset !== "string") return args.count("offset", offset);
  if (!NTH.test(offset)) args.invalid("offset", 'must be an integer >= 0, or "#" and one');
  return args.add(offset);
}

/** Add the reads of BITFIELD_RO. */
export function bitfieldReads(
  args: ArgList,
  [encoding, offset]: BitRead,
  options: { readonly items?: readonly BitRead[] | undefined } | undefined,
): void {
  place(args.add(GET), encoding, offset);
  const { items = [] }: { readonly items?: unknown } = options ?? {};
  if (!Array.isArray(items)) {
    args.invalid("options.items", "must be an array");
    return;
  }
  for (const item of items) {
    if (!Array.isArray(item) || item.length !== 2) {
      args.invalid("options.items", "must hold [encoding, offset] pairs");
      return;
    }
    place(args.add(GET), item[0], item[1]);
  }
}

/**
 * Collects operations on the integers of one bitmap. Each gives one value, in order; after `execute`
 * it is empty and may be used again.
 */
export class BitFieldOperation<H extends CommandSurface, R extends readonly unknown[] = []> {
  readonly #open: () => ArgList;
  readonly #send: (args: ArgList) => unknown;
  readonly #options: BitfieldOptions | undefined;
  #args: ArgList;
  #overflow: unknown = WRAP;

  /**
   * @param open - Begins the arguments of a command.
   * @param send - Has the command carried out.
   */
  constructor(open: () => ArgList, send: (args: ArgList) => unknown, options?: BitfieldOptions) {
    this.#open = open;
    this.#send = send;
    this.#options = options;
    this.#args = open();
    this.reset();
  }

  /**
   * Say what becomes of results too large for their bits, from here on.
   *
   * @param overflow - `"WRAP"` starts again at the other end, `"SAT"` stops at the limit, `"FAIL"`
   * leaves the integer as it is and gives `null`.
   * @returns This builder.
   */
  overflow(overflow: BitOverflow): BitFieldOperation<H, R> {
    const wanted = OVERFLOWS.find(overflow);
    if (wanted === undefined) {
      this.#args.keyword("overflow", overflow, OVERFLOWS);
    } else if (wanted.text !== String(this.#overflow)) {
      this.#args.add(OVERFLOW).add(wanted);
      this.#overflow = wanted.text;
    }
    return this;
  }

  /**
   * Read an integer.
   *
   * @param encoding - Its kind, such as `"u8"` or `"i16"`.
   * @param offset - Its first bit, or `"#n"`.
   * @returns This builder, with one value more: the integer.
   */
  get(encoding: BitEncoding, offset: BitOffset): BitFieldOperation<H, [...R, H["int"]]> {
    place(this.#args.add(GET), encoding, offset);
    return this as unknown as BitFieldOperation<H, [...R, H["int"]]>;
  }

  /**
   * Store an integer.
   *
   * @param encoding - Its kind, such as `"u8"` or `"i16"`.
   * @param offset - Its first bit, or `"#n"`.
   * @param value - What to store.
   * @returns This builder, with one value more: the integer before, or `null` when it failed.
   */
  set(
    encoding: BitEncoding,
    offset: BitOffset,
    value: Integer,
  ): BitFieldOperation<H, [...R, H["int"] | null]> {
    place(this.#args.add(SET), encoding, offset).integer("value", value);
    return this as unknown as BitFieldOperation<H, [...R, H["int"] | null]>;
  }

  /**
   * Raise an integer.
   *
   * @param encoding - Its kind, such as `"u8"` or `"i16"`.
   * @param offset - Its first bit, or `"#n"`.
   * @param increment - What to add; may be negative.
   * @param overflow - As {@link overflow}; it holds for the operations after this one too.
   * @returns This builder, with one value more: the new integer, or `null` when it failed.
   */
  incrby(
    encoding: BitEncoding,
    offset: BitOffset,
    increment: Integer,
    overflow?: BitOverflow,
  ): BitFieldOperation<H, [...R, H["int"] | null]> {
    if (overflow !== undefined) this.overflow(overflow);
    place(this.#args.add(INCRBY), encoding, offset).integer("increment", increment);
    return this as unknown as BitFieldOperation<H, [...R, H["int"] | null]>;
  }

  /**
   * Send the operations as one BITFIELD and begin anew.
   *
   * @returns On a client a promise of the values, in order; on a pipeline the pipeline.
   * @throws {@link DataError} when an argument was wrong; nothing is sent then.
   * @see {@link https://redis.io/docs/latest/commands/bitfield/ | BITFIELD}
   */
  execute(): Reply<H, R> {
    const args = this.#args;
    this.reset();
    return this.#send(args) as Reply<H, R>;
  }

  /**
   * Forget the operations.
   *
   * @returns This builder, empty.
   */
  reset(): BitFieldOperation<H> {
    this.#args = this.#open();
    this.#overflow = WRAP.text;
    const options = this.#options;
    if (this.#args.options(options, OPTIONS) && options.defaultOverflow !== undefined) {
      this.overflow(options.defaultOverflow);
    }
    return this as unknown as BitFieldOperation<H>;
  }
}
