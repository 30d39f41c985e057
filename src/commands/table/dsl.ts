/**
 * Owns the vocabulary of the command table: what an entry may say. Data and small constructors only;
 * how an entry becomes TypeScript is the generator's business. Never shipped.
 */
import type { ArgList } from "../core/args.js";
import { type BlockTime, type Decoder, type KeyPositions, SESSION } from "../core/info.js";

/** The methods of {@link ArgList} that add one checked value. */
type Check = {
  [M in keyof ArgList]: ArgList[M] extends (what: string, value: never, choice: never) => ArgList
    ? M
    : never;
}[keyof ArgList];

/** How a parameter or option is typed and how it becomes wire words. */
export interface Kind {
  /** TypeScript type; names in it come from `info.ts` or `types.ts`. */
  readonly type: string;
  /** Checking method, or undefined for a free argument, which the encoder checks. */
  readonly check?: Check;
  /** The words of a closed choice. */
  readonly words?: readonly string[];
  /** The least that a server takes, for those kinds that have no bound of their own. */
  readonly least?: 0 | 1;
  /** Whether the words are keys, and how many arguments apart: for the key positions. */
  readonly keys?: 1 | 2;
  /** Whether it may become several words. */
  readonly repeats?: true;
}

const kind = (type: string, check?: Check, extra: Partial<Kind> = {}): Kind => ({
  type,
  ...(check === undefined ? {} : { check }),
  ...extra,
});

/** A key. */
export const KEY = kind("Key", undefined, { keys: 1 });
/** A value, member, field, name: anything the server takes as a string. */
export const VALUE = kind("Value");
/** Text only. */
export const TEXT = kind("string");
export const INTEGER = kind("Integer", "integer");
export const COUNT = kind("Integer", "count");
export const SECONDS = kind("Integer", "seconds");
export const MILLISECONDS = kind("Integer", "milliseconds");
export const UNIX_SECONDS = kind("UnixTime", "unixSeconds");
export const UNIX_MILLISECONDS = kind("UnixTime", "unixMilliseconds");
/** How long a blocking command may wait, in seconds. */
export const TIMEOUT = kind("number", "timeout");
export const DECIMAL = kind("Decimal", "decimal");
export const SCORE = kind("Score", "score");
export const SCORE_BOUND = kind("ScoreBound", "bound");
export const LEX_BOUND = kind("LexBound");
/** One bit. */
export const BIT = kind("Bit", "bit");
/** A cursor of the SCAN family. */
export const CURSOR = kind("string | Integer");

/** One item or many, in one parameter; one or more words. */
export const listOf = (item: Kind): Kind =>
  kind(`Many<${item.type}>`, "list", { repeats: true, ...(item.keys ? { keys: item.keys } : {}) });

/** One whole number or many, each checked. */
export const integersOf: Kind = kind("Many<Integer>", "integers", { repeats: true });

/** A list that goes out with its length before it. */
export const countedListOf = (item: Kind): Kind =>
  kind(`Many<${item.type}>`, "counted", { repeats: true });

/** Pairs as object, Map or entries; their keys are Redis keys when `keys` is given. */
export const mappingOf = (key: Kind, value: Kind): Kind =>
  kind(`Mapping<${key.type}, ${value.type}>`, "pairs", {
    repeats: true,
    ...(key.keys ? { keys: 2 } : {}),
  });

/** The same kind without what every server refuses. */
export const atLeast = (least: 0 | 1, from: Kind): Kind => ({ ...from, least });

/** One of a few words, accepted in upper or lower case. `type` names a type of `types.ts`. */
export const wordOf = (words: readonly string[], type?: string): Kind =>
  kind(type ?? words.flatMap((w) => [`"${w}"`, `"${w.toLowerCase()}"`]).join(" | "), "word", {
    words,
  });

/** A positional parameter. */
export interface Param {
  readonly name: string;
  readonly kind: Kind;
  readonly doc: string;
  /** May be left out; nothing is sent then. */
  readonly optional?: true;
  /** May be left out; this TypeScript expression is sent then. */
  readonly fallback?: string;
  /** A rest parameter, each element an item or many of them. */
  readonly rest?: true;
}

/** A required parameter. */
export const param = (name: string, kind: Kind, doc: string): Param => ({ name, kind, doc });
/** A key parameter. */
export const key = (name = "key", doc = "Key name."): Param => param(name, KEY, doc);
/** A parameter that may be left out; nothing is sent for it then. */
export const optional = (name: string, kind: Kind, doc: string): Param => ({
  ...param(name, kind, doc),
  optional: true,
});
/** A parameter with a default, which is a TypeScript expression. */
export const fallback = (from: Param, value: string): Param => ({ ...from, fallback: value });
/** A rest parameter: items, arrays or sets of them; at least one. */
export const rest = (name: string, item: Kind, doc: string): Param => ({
  ...param(name, { ...item, check: "many", repeats: true }, doc),
  rest: true,
});
/** A rest parameter that may be left empty. */
export const restOrNone = (name: string, item: Kind, doc: string): Param => ({
  ...param(name, { ...item, check: "manyOrNone", repeats: true }, doc),
  rest: true,
  optional: true,
});

/** One member of an options object. */
export interface Option {
  readonly name: string;
  /**
   * The word sent before the value, or alone for a flag; none when the value stands alone, or for a
   * flag that is not sent.
   */
  readonly token?: string;
  /** Undefined for a flag. */
  readonly kind?: Kind;
  readonly doc: string;
  readonly required?: true;
  /** Typed and checked as an option, but put on the wire by a custom builder. */
  readonly silent?: true;
  /** Known and checked, but left out of the type: only hand-written signatures name it. */
  readonly hidden?: true;
}

/** Options of which only certain ones may stand together. */
export interface Group {
  /** Name of the TypeScript type that says so. */
  readonly group: string;
  readonly doc: string;
  readonly members: readonly Option[];
  /** The largest sets that may stand together; alone each when absent. */
  readonly together?: readonly (readonly string[])[];
  /** One of the members must be given. */
  readonly required?: true;
}

/** `LIMIT offset count` from two options that need each other. */
export interface Limit {
  readonly limit: readonly [offset: Option, count: Option];
  readonly token: string;
}

export type OptionItem = Option | Group | Limit;

/** A boolean option that is never sent: it decides what the reply becomes. */
export const mark = (name: string, doc: string): Option => ({ name, doc });

/** An option with a value: `opt("ex", "EX", SECONDS, "…")`. */
export const opt = (name: string, token: string, kind: Kind, doc: string): Option => ({
  name,
  token,
  kind,
  doc,
});
/** A boolean option: its token is sent when true. */
export const flag = (name: string, token: string, doc: string): Option => ({ name, token, doc });
/** An option whose value is a word that stands alone on the wire. */
export const bare = (name: string, kind: Kind, doc: string): Option => ({ name, kind, doc });
/** An option the wire does not know directly: a custom builder or decoder uses it. */
export const silent = (name: string, type: string, doc: string): Option => ({
  name,
  kind: { type },
  doc,
  silent: true,
});
/** A function given as an option, typed by the signatures that take it and used by a `pick`. */
export const callback = (name: string, type: string, doc: string): Option => ({
  name,
  kind: { type, check: "callback" },
  doc,
  hidden: true,
});
/** The same option, to be given always. */
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

/** Make an options object. */
export const options = (type: string, ...items: readonly OptionItem[]): Options => ({
  type,
  items,
});

/** A reply: what the method promises and the function that makes it so. */
export interface ReplySpec {
  /** TypeScript type; `T` stands for `H["text"]`, `I` for `H["int"]`. */
  readonly type: string;
  /** Null: the raw reply is the value. */
  readonly decode: Decoder | null;
}

/** Make a reply. */
export const reply = (type: string, decode: Decoder | null = null): ReplySpec => ({ type, decode });

/** Another reply, chosen by what was passed. */
export interface ReplyCase {
  /** Name of the option or optional parameter that decides. */
  readonly given: string;
  readonly reply: ReplySpec;
  readonly returns: string;
}

/** A hand-written signature, where cases are not enough. */
export interface Signature {
  readonly generics?: string;
  /** Parameter list as TypeScript. */
  readonly params: string;
  /** Reply type as TypeScript, with `T` and `I` as in {@link ReplySpec}. */
  readonly type: string;
  readonly returns: string;
}

/** A hand-written function that adds words for some of the parameters. */
export interface Custom {
  /** `(args: ArgList, …values) => void`; exported from a module the generator knows. */
  readonly build: (args: ArgList, ...values: never[]) => unknown;
  /** Expressions passed after `args`: parameter names, or `options`. */
  readonly with: readonly string[];
  /** Names of its words in error messages, as for a `CommandInfo`. */
  readonly names: readonly string[];
}

/** A hand-written function that picks the decoder of a call. */
export interface Pick {
  readonly pick: (...values: never[]) => Decoder | null | undefined;
  readonly with: readonly string[];
}

/** One command, or for a refused one only what is needed to refuse it. */
export interface CommandSpec {
  /** Wire words: `CLIENT SETNAME`. */
  readonly name: string;
  /** The version of Redis that brought it, or `Valkey 8.0.0` for what only Valkey has. */
  readonly since: string;
  readonly cost: string;
  /** One imperative sentence in our own words. */
  readonly summary: string;
  /** More that a caller must know, as one or more sentences. */
  readonly notes?: string;
  /** Sum of the flags of `info.ts`. */
  readonly flags?: number;
  /** Key positions when they do not follow from the parameters. */
  readonly keys?: KeyPositions;
  readonly blockTime?: BlockTime;
  /** The API to use instead; for a session command a hint, for a refused one all there is. */
  readonly instead?: string;
  readonly args: readonly Param[];
  readonly options?: Options;
  /** Wire order when it differs: parameter names, constant words in quotes, `options`, customs. */
  readonly wire?: readonly (string | Custom)[];
  readonly reply: ReplySpec;
  readonly returns: string;
  readonly cases?: readonly ReplyCase[];
  readonly signatures?: readonly Signature[];
  readonly pick?: Pick;
  /** Other names of the method, from redis-py. */
  readonly aliases?: readonly string[];
  /** Method name when the rule cannot give it (several methods on one wire name). */
  readonly method?: string;
  /** When this optional parameter is given, call that method instead. */
  readonly delegate?: { readonly given: string; readonly to: string };
  /**
   * A class whose objects collect the arguments: what the method gives instead of a reply. Its
   * constructor gets `() => ArgList`, `(args) => reply`, and a parameter called `options`.
   */
  readonly builder?: new (
    open: () => ArgList,
    send: (args: ArgList) => never,
    options: never,
  ) => unknown;
  /** What an empty rest list yields without I/O, as a TypeScript expression. */
  readonly whenEmpty?: string;
  readonly deprecated?: string;
}

/** A command that has no method and that `executeCommand` refuses. */
export interface RefusedSpec {
  readonly name: string;
  readonly instead: string;
  readonly flags?: number;
}

export type Entry = CommandSpec | RefusedSpec;

/** One table entry. */
export const command = (name: string, entry: Omit<CommandSpec, "name">): CommandSpec => ({
  name,
  ...entry,
});

/** An entry for a command that only another API may send; `executeCommand` names that API. */
export const refused = (name: string, instead: string, flags = SESSION): RefusedSpec => ({
  name,
  instead,
  flags,
});
