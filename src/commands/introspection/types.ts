/** Owns the types of what a server tells about its commands. Types only. */

/** How the keys of a command are found; which members there are depends on `type`. */
export interface KeySearch {
  /** `"index"`, `"keyword"`, `"range"`, `"keynum"` or `"unknown"`. */
  type: string;
  /** Numbers and words that the type needs. */
  spec: Record<string, string | number>;
}

/** Where a command has keys, and what it does to them. */
export interface KeySpecification {
  /** Such as `"RO"`, `"RW"`, `"access"`, `"insert"`. */
  flags: string[];
  /** What the server's makers have to say about it. */
  notes?: string;
  /** How to find the first key. */
  beginSearch: KeySearch;
  /** How to find the others from there. */
  findKeys: KeySearch;
}

/** What a server knows of a command. */
export interface CommandDetails {
  /** Name in lower case; a subcommand's is `config|get`. */
  name: string;
  /** Number of words, the name included; negative: at least so many. */
  arity: number;
  /** Such as `"readonly"`, `"fast"`, `"blocking"`. */
  flags: string[];
  /** Position of the first key; 0 for none. */
  firstKey: number;
  /** Position of the last key; negative counts from the end. */
  lastKey: number;
  /** How many words from one key to the next. */
  step: number;
  /** Categories, such as `"@read"`. */
  aclCategories: string[];
  /** Hints for clients and proxies, since Redis 7. */
  tips: string[];
  /** Where the keys are, exactly, since Redis 7. */
  keySpecifications: KeySpecification[];
  /** The same of each subcommand; empty without any. */
  subcommands: CommandDetails[];
}

/** A change in what a command does. */
export type CommandChange = [version: string, change: string];

/** An argument of a command. */
export interface CommandArgument {
  /** Name of the argument, as the manual has it. */
  name: string;
  /** Such as `"key"`, `"integer"`, `"oneof"`, `"block"`. */
  type: string;
  /** Name to show, since Redis 7.2. */
  displayText?: string;
  /** Which key specification it belongs to. */
  keySpecIndex?: number;
  /** The word before the value. */
  token?: string;
  /** What it is for, in a sentence. */
  summary?: string;
  /** Version of the server that brought it. */
  since?: string;
  /** Version of the server that advises against it. */
  deprecatedSince?: string;
  /** Such as `"optional"`, `"multiple"`. */
  flags: string[];
  /** The parts of a `"oneof"` or a `"block"`. */
  arguments: CommandArgument[];
}

/** The manual of a command, as the server has it. */
export interface CommandDocs {
  /** What the command does, in a sentence. */
  summary?: string;
  /** Version of the server that brought it. */
  since?: string;
  /** Group it belongs to, such as `"string"`. */
  group?: string;
  /** How the work grows with the data, in O notation. */
  complexity?: string;
  /** Name of the module it comes from. */
  module?: string;
  /** Version of the server that advises against it. */
  deprecatedSince?: string;
  /** What to use in its place. */
  replacedBy?: string;
  /** Such as `"deprecated"`, `"syscmd"`. */
  docFlags: string[];
  /** What changed since, oldest change first. */
  history: CommandChange[];
  /** Its arguments, in their order. */
  arguments: CommandArgument[];
  /** By full name: `config|get`. */
  subcommands: Record<string, CommandDocs>;
}
