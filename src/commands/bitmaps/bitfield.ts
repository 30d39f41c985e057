/**
 * Builder of BITFIELD and argument builder of BITFIELD_RO. The BITFIELD builder collects operations and
 * sends them as one command; it depends only on a send function, so clients and pipelines share it.
 */
import { hasSurplus, surplusText } from "../../util/validate.js";
import { type ArgList, token } from "../core/args.js";
import { Choice } from "../core/choice.js";
import type { CommandSurface, Reply } from "../core/command-surface.js";
import type { Integer } from "../core/types.js";
import type { BitEncoding, BitfieldOptions, BitOffset, BitOverflow, BitRead } from "./types.js";

const ENCODING = /^(?:i([1-9]|[1-5]\d|6[0-4])|u([1-9]|[1-5]\d|6[0-3]))$/i;
const INDEXED_OFFSET = /^#\d+$/;
const WRAP = token("WRAP");
const GET = token("GET");
const SET = token("SET");
const INCRBY = token("INCRBY");
const OVERFLOW = token("OVERFLOW");
const OVERFLOW_MODES = new Choice("WRAP", "SAT", "FAIL");
const OPTION_RULES = { defaultOverflow: [1, 0] } as const;

/** Add the type and offset of an integer, rejecting what the server would reject. */
function addTypeAndOffset(args: ArgList, encoding: BitEncoding, offset: BitOffset): ArgList {
  if (typeof encoding !== "string" || !ENCODING.test(encoding)) {
    args.invalid("encoding", 'must be "i1" to "i64" or "u1" to "u63"');
  }
  args.add(encoding);
  if (typeof offset !== "string") return args.count("offset", offset);
  if (!INDEXED_OFFSET.test(offset))
    args.invalid("offset", 'must be a non-negative integer, or "#" followed by one');
  return args.add(offset);
}

/** Refuse surplus arguments of a method of the builder. */
function checkSurplus(args: ArgList, method: string, most: number, given: IArguments): ArgList {
  return hasSurplus(most, given) ? args.fail(`${method}() ${surplusText(most, given)}`) : args;
}

/** Add the GET operations of BITFIELD_RO. */
export function addBitfieldReads(
  args: ArgList,
  [encoding, offset]: BitRead,
  options: { readonly items?: readonly BitRead[] | undefined } | undefined,
): void {
  addTypeAndOffset(args.add(GET), encoding, offset);
  const items: unknown = options?.items === undefined ? [] : options.items;
  if (!Array.isArray(items)) {
    args.invalid("options.items", "must be an array");
    return;
  }
  for (const item of items) {
    if (!Array.isArray(item) || item.length !== 2) {
      args.invalid("options.items", "must hold [encoding, offset] pairs");
      return;
    }
    addTypeAndOffset(args.add(GET), item[0], item[1]);
  }
}

/**
 * Collects BITFIELD operations on one bitmap. The reply holds one value per `get`, `set` and `incrby`,
 * in order. `execute` empties the builder, which can then be reused.
 */
export class BitFieldOperation<H extends CommandSurface, R extends readonly unknown[] = []> {
  readonly #createArgs: () => ArgList;
  readonly #send: (args: ArgList) => unknown;
  readonly #options: BitfieldOptions | undefined;
  #args: ArgList;
  #overflow = WRAP.text;

  /** Only `bitfield()` creates operations. */
  constructor(...created: never);
  /**
   * @internal
   * @param createArgs - Returns a new argument list with the key.
   * @param send - Executes the command.
   */
  constructor(
    createArgs: () => ArgList,
    send: (args: ArgList) => unknown,
    options?: BitfieldOptions,
  );
  constructor(
    createArgs: () => ArgList,
    send: (args: ArgList) => unknown,
    options?: BitfieldOptions,
  ) {
    this.#createArgs = createArgs;
    this.#send = send;
    this.#options = options;
    this.#args = createArgs();
    this.reset();
  }

  /**
   * Set the overflow behaviour of the following operations.
   *
   * @param overflow - `"WRAP"` wraps around, `"SAT"` saturates at the limit, `"FAIL"` leaves the
   *   integer unchanged and returns `null`.
   * @returns This builder.
   */
  overflow(overflow: BitOverflow): BitFieldOperation<H, R> {
    checkSurplus(this.#args, "overflow", 1, arguments);
    const mode = OVERFLOW_MODES.find(overflow);
    if (mode === undefined) {
      this.#args.keyword("overflow", overflow, OVERFLOW_MODES);
    } else if (mode.text !== this.#overflow) {
      this.#args.add(OVERFLOW).add(mode);
      this.#overflow = mode.text;
    }
    return this;
  }

  /**
   * Add a GET operation: read an integer.
   *
   * @param encoding - Integer type, such as `"u8"` or `"i16"`.
   * @param offset - Bit offset, or `"#n"` for the n-th integer of this width.
   * @returns This builder; adds the integer to the reply.
   */
  get(encoding: BitEncoding, offset: BitOffset): BitFieldOperation<H, [...R, H["int"]]> {
    const args = checkSurplus(this.#args, "get", 2, arguments);
    addTypeAndOffset(args.add(GET), encoding, offset);
    return this as unknown as BitFieldOperation<H, [...R, H["int"]]>;
  }

  /**
   * Add a SET operation: store an integer.
   *
   * @param encoding - Integer type, such as `"u8"` or `"i16"`.
   * @param offset - Bit offset, or `"#n"` for the n-th integer of this width.
   * @param value - New value.
   * @returns This builder; adds the old integer to the reply, or `null` on overflow with `FAIL`.
   */
  set(
    encoding: BitEncoding,
    offset: BitOffset,
    value: Integer,
  ): BitFieldOperation<H, [...R, H["int"] | null]> {
    const args = checkSurplus(this.#args, "set", 3, arguments);
    addTypeAndOffset(args.add(SET), encoding, offset).integer("value", value);
    return this as unknown as BitFieldOperation<H, [...R, H["int"] | null]>;
  }

  /**
   * Add an INCRBY operation: increment an integer.
   *
   * @param encoding - Integer type, such as `"u8"` or `"i16"`.
   * @param offset - Bit offset, or `"#n"` for the n-th integer of this width.
   * @param increment - Amount to add; may be negative.
   * @param overflow - Overflow behaviour of this and the following operations; see {@link overflow}.
   * @returns This builder; adds the new integer to the reply, or `null` on overflow with `FAIL`.
   */
  incrby(
    encoding: BitEncoding,
    offset: BitOffset,
    increment: Integer,
    overflow?: BitOverflow,
  ): BitFieldOperation<H, [...R, H["int"] | null]> {
    const args = checkSurplus(this.#args, "incrby", 4, arguments);
    if (overflow !== undefined) this.overflow(overflow);
    addTypeAndOffset(args.add(INCRBY), encoding, offset).integer("increment", increment);
    return this as unknown as BitFieldOperation<H, [...R, H["int"] | null]>;
  }

  /**
   * Send the operations as one BITFIELD command and empty the builder.
   *
   * @returns On a client, a promise of the values in order; on a pipeline, the pipeline.
   * @throws {@link DataError} if an argument is invalid; nothing is sent then.
   * @see {@link https://redis.io/docs/latest/commands/bitfield/ | BITFIELD}
   */
  execute(): Reply<H, R> {
    const args = checkSurplus(this.#args, "execute", 0, arguments);
    this.reset();
    return this.#send(args) as Reply<H, R>;
  }

  /**
   * Discard the collected operations.
   *
   * @returns This builder, empty.
   */
  reset(): BitFieldOperation<H> {
    this.#args = checkSurplus(this.#createArgs(), "reset", 0, arguments);
    this.#overflow = WRAP.text;
    const given = this.#options;
    if (given === undefined) return this as unknown as BitFieldOperation<H>;
    const { defaultOverflow } = this.#args.options(given, OPTION_RULES);
    if (defaultOverflow !== undefined) this.overflow(defaultOverflow);
    return this as unknown as BitFieldOperation<H>;
  }
}
