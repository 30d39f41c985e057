/**
 * The language of the command table: the types of its entries and functions that create them. Data
 * only; `generator/` turns entries into TypeScript. Not shipped.
 */
import type { ArgList } from "../core/args.js";
import {
  type BlockTime,
  type Decoder,
  type KeyFinder,
  type KeyPositions,
  SESSION,
} from "../core/info.js";

/** The methods of {@link ArgList} that check and add one value. */
type Check = {
  [M in keyof ArgList]: ArgList[M] extends (path: string, value: never, choice: never) => ArgList
    ? M
    : never;
}[keyof ArgList];

/** The type of a parameter or option, and how its value is checked and sent. */
export interface Kind {
  /** TypeScript type. The generator imports the types it names from `info.ts` and `types.ts` files. */
  readonly type: string;
  /** Method of ArgList that checks and adds it; undefined when the encoder checks it. */
  readonly check?: Check;
  /** The keywords, for `check: "keyword"`. */
  readonly words?: readonly string[];
  /** The smallest value, for checks of time and duration. */
  readonly min?: 0 | 1;
  /** For keys: how many arguments apart they are, to compute key positions. */
  readonly keys?: 1 | 2;
  /** Whether it may be sent as several arguments. */
  readonly repeats?: true;
}

const kind = (type: string, check?: Check, extra: Partial<Kind> = {}): Kind => ({
  type,
  ...(check === undefined ? {} : { check }),
  ...extra,
});

/** A key. */
export const KEY = kind("Key", undefined, { keys: 1 });
/** A value, member, field or name: any string to the server. */
export const VALUE = kind("Value");
/** A string. */
export const TEXT = kind("string");
export const INTEGER = kind("Integer", "integer");
export const COUNT = kind("Integer", "count");
export const SECONDS = kind("Integer", "seconds");
export const MILLISECONDS = kind("Integer", "milliseconds");
export const UNIX_SECONDS = kind("UnixTime", "unixSeconds");
export const UNIX_MILLISECONDS = kind("UnixTime", "unixMilliseconds");
/** Time limit of a blocking command, in seconds. */
export const TIMEOUT = kind("number", "timeout");
export const DECIMAL = kind("Decimal", "decimal");
export const SCORE = kind("Score", "score");
export const SCORE_BOUND = kind("ScoreBound", "bound");
export const LEX_BOUND = kind("LexBound");
/** One bit. */
export const BIT = kind("Bit", "bit");
/** A SCAN cursor. */
export const CURSOR = kind("string | Integer");

/** One item or several in one parameter. */
export const listOf = (item: Kind): Kind =>
  kind(`Many<${item.type}>`, "list", { repeats: true, ...(item.keys ? { keys: item.keys } : {}) });

/** One integer or several, each checked. */
export const integersOf: Kind = kind("Many<Integer>", "integers", { repeats: true });

/** One item or several, sent after their number. */
export const countedListOf = (item: Kind): Kind =>
  kind(`Many<${item.type}>`, "counted", { repeats: true });

/** A mapping as an object, a Map or entries; pass KEY as `key` when its keys are Redis keys. */
export const mappingOf = (key: Kind, value: Kind): Kind =>
  kind(`Mapping<${key.type}, ${value.type}>`, "pairs", {
    repeats: true,
    ...(key.keys ? { keys: 2 } : {}),
  });

/** The same kind with a minimum: smaller values are refused by every server. */
export const atLeast = (min: 0 | 1, from: Kind): Kind => ({ ...from, min });

/** One of a few keywords, in upper or lower case. `type` is its TypeScript type, if it has a name. */
export const wordOf = (words: readonly string[], type?: string): Kind =>
  kind(type ?? words.flatMap((w) => [`"${w}"`, `"${w.toLowerCase()}"`]).join(" | "), "keyword", {
    words,
  });

/** A positional parameter. */
export interface Param {
  readonly name: string;
  readonly kind: Kind;
  readonly doc: string;
  /** May be omitted; nothing is sent then. */
  readonly optional?: true;
  /** May be omitted; this TypeScript expression is the default. */
  readonly fallback?: string;
  /** A rest parameter; each argument is an item, an array or a Set. */
  readonly rest?: true;
}

/** A required parameter. */
export const param = (name: string, kind: Kind, doc: string): Param => ({ name, kind, doc });
/** A key parameter. */
export const key = (name = "key", doc = "Key name."): Param => param(name, KEY, doc);
/** A parameter that may be omitted; nothing is sent for it then. */
export const optional = (name: string, kind: Kind, doc: string): Param => ({
  ...param(name, kind, doc),
  optional: true,
});
/** A parameter with a default, a TypeScript expression. */
export const fallback = (from: Param, value: string): Param => ({ ...from, fallback: value });
/** A rest parameter with at least one item. */
export const rest = (name: string, item: Kind, doc: string): Param => ({
  ...param(name, { ...item, check: "many", repeats: true }, doc),
  rest: true,
});
/** A rest parameter that may be empty. */
export const restOrNone = (name: string, item: Kind, doc: string): Param => ({
  ...param(name, { ...item, check: "manyOrNone", repeats: true }, doc),
  rest: true,
  optional: true,
});

/** One member of an options object. */
export interface Option {
  readonly name: string;
  /**
   * The keyword sent before the value, or alone for a flag; undefined when only the value is sent, or
   * for a flag that is not sent.
   */
  readonly token?: string;
  /** Undefined for a flag. */
  readonly kind?: Kind;
  readonly doc: string;
  readonly required?: true;
  /** Typed and checked by name as an option, but sent by an argument builder. */
  readonly silent?: true;
  /** Checked, but not in the generated type: only explicit signatures declare it. */
  readonly hidden?: true;
}

/** Options of which only some combinations are allowed. */
export interface Group {
  /** Name of the TypeScript type of the group. */
  readonly group: string;
  readonly doc: string;
  readonly members: readonly Option[];
  /** The largest allowed combinations; without them, one member at a time. */
  readonly together?: readonly (readonly string[])[];
  /** Whether one of the members must be given. */
  readonly required?: true;
}

/** `LIMIT offset count`: two options that must be given together. */
export interface Limit {
  readonly limit: readonly [offset: Option, count: Option];
  readonly token: string;
}

export type OptionItem = Option | Group | Limit;

/** A boolean option that is not sent: it selects the form of the reply. */
export const mark = (name: string, doc: string): Option => ({ name, doc });

/** An option with a value: `opt("ex", "EX", SECONDS, "…")`. */
export const opt = (name: string, token: string, kind: Kind, doc: string): Option => ({
  name,
  token,
  kind,
  doc,
});
/** A boolean option: its keyword is sent when true. */
export const flag = (name: string, token: string, doc: string): Option => ({ name, token, doc });
/** An option whose value is sent without a keyword. */
export const bare = (name: string, kind: Kind, doc: string): Option => ({ name, kind, doc });
/** An option that an argument builder or a decoder reads. */
export const silent = (name: string, type: string, doc: string): Option => ({
  name,
  kind: { type },
  doc,
  silent: true,
});
/** An option that is a function: declared by explicit signatures, used by a decoder picker. */
export const callback = (name: string, type: string, doc: string): Option => ({
  name,
  kind: { type, check: "callback" },
  doc,
  hidden: true,
});
/** The same option, required. */
export const required = (option: Option): Option => ({ ...option, required: true });
/** At most one of the members. */
export const oneOf = (group: string, doc: string, members: readonly Option[]): Group => ({
  group,
  doc,
  members,
});

/** An options object: the last parameter of a method. */
export interface Options {
  /** Name of its TypeScript type. */
  readonly type: string;
  readonly items: readonly OptionItem[];
}

/** Create an options object. */
export const options = (type: string, ...items: readonly OptionItem[]): Options => ({
  type,
  items,
});

/** The value of a method: its type, and the decoder that returns it. */
export interface ReplySpec {
  /** TypeScript type; `T` means `H["text"]`, `I` means `H["int"]`. */
  readonly type: string;
  /** Decoder, or null when the value is the raw reply. */
  readonly decode: Decoder | null;
}

/** Create a reply. */
export const reply = (type: string, decode: Decoder | null = null): ReplySpec => ({ type, decode });

/** Another reply, for calls with a certain argument. */
export interface ReplyCase {
  /** Name of the option or optional parameter. */
  readonly given: string;
  readonly reply: ReplySpec;
  readonly returns: string;
}

/** An explicit signature, where cases are not enough. */
export interface Signature {
  readonly generics?: string;
  /** Parameter list as TypeScript. */
  readonly params: string;
  /** Reply type as TypeScript, with `T` and `I` as in {@link ReplySpec}. */
  readonly type: string;
  readonly returns: string;
}

/** Calls a hand-written argument builder for some of the parameters. */
export interface CustomArgs {
  /** `(args: ArgList, …values) => void`; exported by a file of the group or of `core/`. */
  readonly build: (args: ArgList, ...values: never[]) => unknown;
  /** Values passed after `args`: parameter names, or `options`. */
  readonly with: readonly string[];
  /** Names of its arguments for messages, as in `CommandInfo.params`. */
  readonly names: readonly string[];
}

/** Calls a hand-written function that returns the decoder of a call. */
export interface DecoderPicker {
  readonly pick: (...values: never[]) => Decoder | null | undefined;
  readonly with: readonly string[];
}

/** A command method. */
export interface CommandSpec {
  /** Wire name: `CLIENT SETNAME`. */
  readonly name: string;
  /** First version of Redis with it, or of Valkey: `Valkey 8.0.0`. */
  readonly since: string;
  /** Time complexity. */
  readonly cost: string;
  /** One imperative sentence in our own words. */
  readonly summary: string;
  /** What else a caller must know, as sentences. */
  readonly notes?: string;
  /** Sum of the flags of `info.ts`. */
  readonly flags?: number;
  /** Key positions, when they do not follow from the parameters. */
  readonly keys?: KeyPositions;
  /** Finds the keys, when their positions depend on the arguments. */
  readonly findKeys?: KeyFinder;
  readonly blockTime?: BlockTime;
  /** API to use instead on a shared connection, for the error message. */
  readonly instead?: string;
  readonly args: readonly Param[];
  readonly options?: Options;
  /**
   * Wire order, when it is not that of the parameters followed by the options: names of parameters,
   * `"options"`, keywords as `'"LIMIT"'`, argument builders.
   */
  readonly wire?: readonly (string | CustomArgs)[];
  readonly reply: ReplySpec;
  readonly returns: string;
  readonly cases?: readonly ReplyCase[];
  readonly signatures?: readonly Signature[];
  readonly pick?: DecoderPicker;
  /** Other names of the method, those of redis-py. */
  readonly aliases?: readonly string[];
  /** Method name, when it does not follow from the wire name. */
  readonly method?: string;
  /** Calls with this optional parameter are passed to another method. */
  readonly delegate?: { readonly given: string; readonly to: string };
  /**
   * A class that collects the arguments; the method returns an instance. Its constructor receives
   * `() => ArgList`, `(args) => reply`, and the parameter `options` if there is one.
   */
  readonly builder?: new (
    open: () => ArgList,
    send: (args: ArgList) => never,
    options: never,
  ) => unknown;
  /** Value of a call with an empty rest list, which does no I/O; a TypeScript expression. */
  readonly whenEmpty?: string;
  /** What to use instead of a deprecated command. */
  readonly deprecated?: string;
  /** For developers of servers: neither the declarations nor docs/commands.md contain the method. */
  readonly internal?: true;
}

/** A command without a method, which `executeCommand` refuses. */
export interface RefusedSpec {
  readonly name: string;
  /** API to use instead. */
  readonly instead: string;
  readonly flags?: number;
}

/** An entry of the command table. */
export type Entry = CommandSpec | RefusedSpec;

/** Create the entry of a command. */
export const command = (name: string, entry: Omit<CommandSpec, "name">): CommandSpec => ({
  name,
  ...entry,
});

/** Create the entry of a command that only another API sends. */
export const refused = (name: string, instead: string, flags = SESSION): RefusedSpec => ({
  name,
  instead,
  flags,
});
