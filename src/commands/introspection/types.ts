/** Reply types of the COMMAND subcommands. Types only. */

/** How keys of a command are found; `type` determines the members of `spec`. */
export interface KeySearch {
  /** `"index"`, `"keyword"`, `"range"`, `"keynum"` or `"unknown"`. */
  type: string;
  /** Parameters of the search. */
  spec: Record<string, string | number>;
}

/** Where a command has keys, and how it accesses them. */
export interface KeySpecification {
  /** Flags, such as `"RO"`, `"RW"`, `"access"`, `"insert"`. */
  flags: string[];
  /** The server's notes. */
  notes?: string;
  /** How to find the first key. */
  beginSearch: KeySearch;
  /** How to find the other keys from there. */
  findKeys: KeySearch;
}

/** Properties of a command. */
export interface CommandDetails {
  /** Name in lower case; that of a subcommand is `config|get`. */
  name: string;
  /** Number of arguments including the name; negative: at least that many. */
  arity: number;
  /** Flags, such as `"readonly"`, `"fast"`, `"blocking"`. */
  flags: string[];
  /** Position of the first key; 0 for none. */
  firstKey: number;
  /** Position of the last key; negative: from the end. */
  lastKey: number;
  /** Distance between keys. */
  step: number;
  /** ACL categories, such as `"@read"`. */
  aclCategories: string[];
  /** Hints for clients and proxies, since Redis 7. */
  tips: string[];
  /** Key specifications, since Redis 7. */
  keySpecifications: KeySpecification[];
  /** Subcommands; empty for none. */
  subcommands: CommandDetails[];
}

/** A change in a command's behaviour. */
export type CommandChange = [version: string, change: string];

/** An argument of a command. */
export interface CommandArgument {
  /** Argument name in the documentation. */
  name: string;
  /** Type, such as `"key"`, `"integer"`, `"oneof"`, `"block"`. */
  type: string;
  /** Name to display, since Redis 7.2. */
  displayText?: string;
  /** Index of its key specification. */
  keySpecIndex?: number;
  /** Keyword before the value. */
  token?: string;
  /** Description, one sentence. */
  summary?: string;
  /** First server version with it. */
  since?: string;
  /** Server version that deprecated it. */
  deprecatedSince?: string;
  /** Flags, such as `"optional"`, `"multiple"`. */
  flags: string[];
  /** Parts of a `"oneof"` or a `"block"`. */
  arguments: CommandArgument[];
}

/** The server's documentation of a command. */
export interface CommandDocs {
  /** Description, one sentence. */
  summary?: string;
  /** First server version with it. */
  since?: string;
  /** Group, such as `"string"`. */
  group?: string;
  /** Time complexity. */
  complexity?: string;
  /** Module that provides it. */
  module?: string;
  /** Server version that deprecated it. */
  deprecatedSince?: string;
  /** What replaces it. */
  replacedBy?: string;
  /** Flags, such as `"deprecated"`, `"syscmd"`. */
  docFlags: string[];
  /** Changes, oldest first. */
  history: CommandChange[];
  /** Arguments, in order. */
  arguments: CommandArgument[];
  /** Subcommands by full name: `config|get`. */
  subcommands: Record<string, CommandDocs>;
}
