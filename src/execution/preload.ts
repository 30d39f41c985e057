/**
 * Scripts and function libraries that may have to be loaded into a server before commands use them: their
 * names, the check whether a server has them, and loading. Neither executes the code, so after a failure
 * here the commands that need the code have not been executed.
 */
import { isUint8Array } from "node:util/types";
import { type Arg, CommandInfo, READONLY } from "../commands/core/info.js";
import { AbortError, ClusterError, DataError, deriveError, RedisError } from "../errors.js";
import { MapReply, type Reply } from "../protocol/reply.js";
import { toBytes } from "../util/bytes.js";
import { settleAll } from "../util/settle-all.js";
import { sha1 } from "../util/sha1.js";

/** A Lua script, identified by the SHA-1 hash of its text. */
export class ScriptSource {
  /** Bytes: the same for every client and server whatever their encodings. */
  readonly code: Buffer;
  #sha = "";

  /** @throws DataError when the code is neither a string nor bytes. */
  constructor(code: string | Uint8Array, encoding: BufferEncoding = "utf8") {
    this.code = toBytes("A script", code, encoding);
  }

  /** SHA-1 hash of the code, 40 hexadecimal digits; computed at first use. */
  get sha(): string {
    this.#sha ||= sha1(this.code);
    return this.#sha;
  }

  /** Identifies it among scripts and libraries. */
  get id(): string {
    return `script ${this.sha}`;
  }
}

/** A function library; its first line contains its name. */
export class LibrarySource {
  readonly code: Buffer;
  readonly name: string;

  /** @throws DataError when the first line is not like `#!lua name=mylib`. */
  constructor(code: string | Uint8Array, encoding: BufferEncoding = "utf8") {
    const bytes = toBytes("A library", code, encoding);
    const [head = ""] = bytes.toString("latin1").split("\n", 1);
    const name = /^#!\w+\s+name=(["']?)(\w+)\1\s*$/i.exec(head)?.[2];
    if (name === undefined) {
      throw new DataError('A library must begin with a line like "#!lua name=mylib"', {
        code: "EINVAL",
      });
    }
    this.code = bytes;
    this.name = name;
  }

  /** Identifies it among scripts and libraries. */
  get id(): string {
    return `library ${this.name}`;
  }
}

/** Code that a server must have before commands that use it are sent. */
export type Preloadable = ScriptSource | LibrarySource;

/** Sends one command and returns its raw reply. */
export type Send = (info: CommandInfo, args: readonly Arg[]) => Promise<unknown>;

const SCRIPT_EXISTS = new CommandInfo("SCRIPT EXISTS", { flags: READONLY });
const SCRIPT_LOAD = new CommandInfo("SCRIPT LOAD");
const FUNCTION_LIST = new CommandInfo("FUNCTION LIST", { flags: READONLY });
const FUNCTION_LOAD = new CommandInfo("FUNCTION LOAD");

/**
 * Convert an error of loading to one for the command that needed the code, which was not executed.
 *
 * @returns An error of the same class with outcome `"not-sent"`; the original is its `cause`.
 */
export function asNotSent(error: unknown): unknown {
  if (!(error instanceof RedisError)) return error;
  const outcome = error.outcome === undefined ? undefined : "not-sent";
  // The cause of an AbortError stays the signal's reason, by which the caller recognises it.
  const cause = error instanceof AbortError ? error.cause : error;
  return deriveError(error, { outcome, cause });
}

/**
 * Whether FUNCTION LOAD failed because a library of that name exists: another client loaded it, or some nodes of a
 * cluster had it.
 */
export function isAlreadyLoaded(error: unknown): boolean {
  if (error instanceof ClusterError) {
    const failures = [...error.replies.values()].filter((reply) => reply instanceof RedisError);
    return failures.length !== 0 && failures.every(isAlreadyLoaded);
  }
  return error instanceof RedisError && /^ERR Library '.*' already exists$/.test(error.message);
}

/**
 * Load the scripts and libraries that the server does not have.
 *
 * @param needed - Scripts and libraries; checked in one write, loaded in a second.
 * @throws The first error, with outcome `"not-sent"` for the commands that need the code.
 */
export async function preload(needed: Iterable<Preloadable>, send: Send): Promise<void> {
  const all = [...needed];
  const scripts = all.filter((source) => source instanceof ScriptSource);
  const libraries = all.filter((source) => source instanceof LibrarySource);
  try {
    const missing = await settleAll([
      missingScripts(scripts, send),
      missingLibraries(libraries, send),
    ]);
    await settleAll(missing.flat().map((load) => load()));
  } catch (error) {
    throw asNotSent(error);
  }
}

type Loader = () => Promise<unknown>;

async function missingScripts(scripts: readonly ScriptSource[], send: Send): Promise<Loader[]> {
  if (scripts.length === 0) return [];
  const hashes = scripts.map(({ sha }) => sha);
  const flags = await send(SCRIPT_EXISTS, hashes);
  const missing = scripts.filter((_, i) => !(Array.isArray(flags) && flags[i] === 1));
  return missing.map((script) => () => send(SCRIPT_LOAD, [script.code]));
}

async function missingLibraries(
  libraries: readonly LibrarySource[],
  send: Send,
): Promise<Loader[]> {
  const replies = await settleAll(
    libraries.map(({ name }) => send(FUNCTION_LIST, ["LIBRARYNAME", name])),
  );
  const missing = libraries.filter(({ name }, i) => !libraryNames(replies[i]).includes(name));
  return missing.map((library) => () => loadLibrary(library, send));
}

/** Names of the libraries in a reply. Compared exactly: the server's search ignores case. */
function libraryNames(reply: unknown): unknown[] {
  if (!Array.isArray(reply)) return [];
  return reply.map((library: Reply) => {
    const pairs = library instanceof MapReply ? library.items : library;
    if (!Array.isArray(pairs)) return undefined;
    const texts = pairs.map((item) => (isUint8Array(item) ? item.toString("latin1") : item));
    return texts[texts.indexOf("library_name") + 1];
  });
}

async function loadLibrary({ code }: LibrarySource, send: Send): Promise<void> {
  try {
    await send(FUNCTION_LOAD, [code]);
  } catch (error) {
    if (!isAlreadyLoaded(error)) throw error;
  }
}
