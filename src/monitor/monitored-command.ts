/**
 * Owns the reading of one line of MONITOR: when, which database, which client, and the command as a
 * list of quoted strings. Pure. Works through the line once, whatever its arguments contain.
 */
import { InvalidResponse } from "../errors.js";

/** One command the server has executed. */
export interface MonitoredCommand {
  /** Unix time in seconds, with microseconds. */
  readonly time: number;
  /** Database it ran in. */
  readonly db: number;
  /** IP address (IPv6 in brackets), `"unix"` for a unix socket, `"lua"` for a script. */
  readonly clientAddress: string;
  /** Port, the path of the unix socket, or `""` for a script. */
  readonly clientPort: string;
  /** How the client was connected; `"lua"` for commands of scripts. */
  readonly clientType: "tcp" | "unix" | "lua";
  /** Command and arguments joined by spaces; quotes are plain, other escapes as the server wrote them. */
  readonly command: string;
  /** Command and arguments, each with the bytes it had. */
  readonly args: readonly Buffer[];
}

const HEAD = /^(\d+\.\d+) \[(\d+) /;
const BACKSLASH = 92;
const LETTER_X = 120;
const LETTER_A = 97;
const DIGIT_0 = 48;
/** The letters behind a backslash that stand for other bytes; the rest stand for themselves. */
const ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b" }).map(([letter, character]) => [
    letter.charCodeAt(0),
    character.charCodeAt(0),
  ]),
);

/** The error for a line that cannot be one of MONITOR. */
export function malformedLine(): InvalidResponse {
  return new InvalidResponse("Protocol Error: a line of MONITOR is malformed", { code: "EPROTO" });
}

function readClient(
  text: string,
): Pick<MonitoredCommand, "clientAddress" | "clientPort" | "clientType"> {
  if (text === "lua") return { clientAddress: "lua", clientPort: "", clientType: "lua" };
  if (text.startsWith("unix:")) {
    return { clientAddress: "unix", clientPort: text.slice(5), clientType: "unix" };
  }
  const colon = text.lastIndexOf(":");
  const clientAddress = colon < 0 ? text : text.slice(0, colon);
  return { clientAddress, clientPort: colon < 0 ? "" : text.slice(colon + 1), clientType: "tcp" };
}

/** Find the quote that ends a string: one with an even number of backslashes before it. */
function closingQuote(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at >= 0; at = line.indexOf('"', at + 1)) {
    let first = at;
    while (first > from && line.charCodeAt(first - 1) === BACKSLASH) first--;
    if ((at - first) % 2 === 0) return at;
  }
  throw malformedLine();
}

/** The words between the quotes, as the server wrote them. */
function readQuoted(line: string, from: number): string[] {
  const words: string[] = [];
  for (let at = from; at < line.length; ) {
    if (line[at] !== '"') throw malformedLine();
    const end = closingQuote(line, at + 1);
    words.push(line.slice(at + 1, end));
    if (end + 1 < line.length && line[end + 1] !== " ") throw malformedLine();
    at = end + 2;
  }
  return words;
}

/** The value of a hexadecimal digit; servers write small letters. */
function digit(byte = 0): number {
  return byte < LETTER_A ? byte - DIGIT_0 : byte - LETTER_A + 10;
}

/** Undo the escapes; one pass, for a word may be of any length. */
function bytesOf(word: string): Buffer {
  const bytes = Buffer.from(word, "latin1");
  let from = bytes.indexOf(BACKSLASH);
  if (from < 0) return bytes;
  let to = from;
  while (from < bytes.length) {
    const byte = bytes[from++] as number;
    const letter = byte === BACKSLASH ? bytes[from++] : undefined;
    if (letter === LETTER_X) {
      bytes[to++] = 16 * digit(bytes[from++]) + digit(bytes[from++]);
    } else {
      bytes[to++] = letter === undefined ? byte : (ESCAPES.get(letter) ?? letter);
    }
  }
  return bytes.subarray(0, to);
}

/**
 * Read a line of MONITOR.
 *
 * @param line - Without its `+` and line end: `1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`.
 * @throws InvalidResponse when it is none.
 */
export function parseMonitorLine(line: string): MonitoredCommand {
  const [head, time, db] = HEAD.exec(line) ?? [];
  // An IPv6 address has a bracket of its own, but no quote can follow that one.
  const end = line.indexOf('] "');
  if (head === undefined || end < head.length) throw malformedLine();
  const words = readQuoted(line, end + 2);
  return {
    time: Number(time),
    db: Number(db),
    ...readClient(line.slice(head.length, end)),
    command: words.join(" ").replaceAll('\\"', '"'),
    args: words.map(bytesOf),
  };
}
