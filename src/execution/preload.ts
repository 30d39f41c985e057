/**
 * Owns the code a server keeps for its clients, scripts and function libraries, as something that may
 * have to be loaded: what names it, how to ask whether it is there, how to load it. Asking and loading
 * execute nothing of the code, so a failure of theirs means that what needed the code has not run.
 */
import { type Arg, CommandInfo, READONLY } from "../commands/core/info.js";
import { AbortError, DataError, deriveError, RedisError } from "../errors.js";
import { MapReply, type Reply } from "../protocol/reply.js";
import { toBytes } from "../util/bytes.js";
import { settleAll } from "../util/settle-all.js";
import { sha1 } from "../util/sha1.js";

/** A Lua script, named by the hash of its text. */
export class ScriptSource {
  /** Bytes: the same for every client and server whatever their encodings. */
  readonly code: Buffer;
  #sha = "";

  /** @throws DataError when the code is no text or bytes. */
  constructor(code: string | Uint8Array, encoding: BufferEncoding = "utf8") {
    this.code = toBytes("A script", code, encoding);
  }

  /** 40 hexadecimal digits; computed when it is first asked for. */
  get sha(): string {
    this.#sha ||= sha1(this.code);
    return this.#sha;
  }

  /** Names it among everything that may be loaded. */
  get id(): string {
    return `script ${this.sha}`;
  }
}

/** A library of functions, named by its first line. */
export class LibrarySource {
  readonly code: Buffer;
  readonly name: string;

  /** @throws DataError when the code does not begin as a library does. */
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

  /** Names it among everything that may be loaded. */
  get id(): string {
    return `library ${this.name}`;
  }
}

/** What a server may have to be given before commands that use it are sent. */
export type Preloadable = ScriptSource | LibrarySource;

/** Sends one command and gives its raw reply. */
export type Send = (info: CommandInfo, args: readonly Arg[]) => Promise<unknown>;

const SCRIPT_EXISTS = new CommandInfo("SCRIPT EXISTS", { flags: READONLY });
const SCRIPT_LOAD = new CommandInfo("SCRIPT LOAD");
const FUNCTION_LIST = new CommandInfo("FUNCTION LIST", { flags: READONLY });
const FUNCTION_LOAD = new CommandInfo("FUNCTION LOAD");

/**
 * Say of an error met while loading that what was to use the code has not been executed.
 *
 * @returns An error of the same class; the original is its `cause`.
 */
export function asNotSent(error: unknown): unknown {
  if (!(error instanceof RedisError)) return error;
  const outcome = error.outcome === undefined ? undefined : "not-sent";
  // The cause of an AbortError is the signal's reason, which the caller recognises it by.
  const cause = error instanceof AbortError ? error.cause : error;
  return deriveError(error, { outcome, cause });
}

/** Whether FUNCTION LOAD found a library of that name: somebody else was quicker. */
export function isAlreadyLoaded(error: unknown): boolean {
  return error instanceof RedisError && /^ERR Library '.*' already exists$/.test(error.message);
}

/**
 * Load what the server lacks.
 *
 * @param needed - Scripts and libraries; asked for in one write, loaded in another.
 * @throws What went wrong, as an error that says that nothing was executed.
 */
export async function preload(needed: Iterable<Preloadable>, send: Send): Promise<void> {
  const all = [...needed];
  try {
    const missing = await settleAll([
      missingScripts(
        all.filter((one) => one instanceof ScriptSource),
        send,
      ),
      missingLibraries(
        all.filter((one) => one instanceof LibrarySource),
        send,
      ),
    ]);
    await settleAll(missing.flat().map((load) => load()));
  } catch (error) {
    throw asNotSent(error);
  }
}

type Load = () => Promise<unknown>;

async function missingScripts(scripts: readonly ScriptSource[], send: Send): Promise<Load[]> {
  if (scripts.length === 0) return [];
  const there = await send(
    SCRIPT_EXISTS,
    scripts.map(({ sha }) => sha),
  );
  const isThere = (i: number): boolean => Array.isArray(there) && there[i] === 1;
  const missing = scripts.filter((_, i) => !isThere(i));
  return missing.map((script) => () => send(SCRIPT_LOAD, [script.code]));
}

async function missingLibraries(libraries: readonly LibrarySource[], send: Send): Promise<Load[]> {
  const found = await settleAll(
    libraries.map(({ name }) => send(FUNCTION_LIST, ["LIBRARYNAME", name])),
  );
  const missing = libraries.filter(({ name }, i) => !libraryNames(found[i]).includes(name));
  return missing.map((library) => () => loadLibrary(library, send));
}

/** Names of the libraries in a reply: the server finds them whatever their case. */
function libraryNames(reply: unknown): unknown[] {
  if (!Array.isArray(reply)) return [];
  return reply.map((library: Reply) => {
    const pairs = library instanceof MapReply ? library.items : library;
    if (!Array.isArray(pairs)) return undefined;
    const texts = pairs.map((item) => (item instanceof Buffer ? item.toString("latin1") : item));
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
