/**
 * Parser of MONITOR lines: time, database, client, and the command as a list of quoted strings. Pure. Reads a
 * line in a single pass, in linear time whatever the arguments contain.
 */
import { InvalidResponse } from "../errors.js";

/** One command that the server has executed, as reported by MONITOR. */
export interface MonitoredCommand {
  /** Unix time in seconds, with microsecond precision. */
  readonly time: number;
  /** Integer: database of the client. */
  readonly db: number;
  /** IP address of the client (IPv6 in brackets), `"unix"` for a unix socket, `"lua"` for a script. */
  readonly clientAddress: string;
  /** Port of the client, path of the unix socket, or `""` for a script. */
  readonly clientPort: string;
  /** How the client is connected; `"lua"` for a command of a script. */
  readonly clientType: "tcp" | "unix" | "lua";
  /** Command and arguments joined by spaces; `\"` is unescaped, other escapes are kept. */
  readonly command: string;
  /** Command and arguments, as the original bytes. */
  readonly args: readonly Buffer[];
}

const HEAD = /^(\d+\.\d+) \[(\d+) /;
const BACKSLASH = 92;
const LETTER_X = 120;
const LETTER_A = 97;
const DIGIT_0 = 48;
/** Escape letters after a backslash, with their bytes; any other character is unescaped as itself. */
const ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b" }).map(([letter, character]) => [
    letter.charCodeAt(0),
    character.charCodeAt(0),
  ]),
);

/** Create the error for an invalid MONITOR line. */
export function malformedLine(): InvalidResponse {
  return new InvalidResponse("Protocol Error: invalid MONITOR line", { code: "EPROTO" });
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

/** Find the closing quote of a string: the first one preceded by an even number of backslashes. */
function closingQuote(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at >= 0; at = line.indexOf('"', at + 1)) {
    let first = at;
    while (first > from && line.charCodeAt(first - 1) === BACKSLASH) first--;
    if ((at - first) % 2 === 0) return at;
  }
  throw malformedLine();
}

/** Return the quoted strings, still escaped. */
function readQuoted(line: string, from: number): string[] {
  const strings: string[] = [];
  for (let at = from; at < line.length; ) {
    if (line[at] !== '"') throw malformedLine();
    const end = closingQuote(line, at + 1);
    strings.push(line.slice(at + 1, end));
    if (end + 1 < line.length && line[end + 1] !== " ") throw malformedLine();
    at = end + 2;
  }
  return strings;
}

/** Return the value of a hexadecimal digit; servers write lower case. */
function digit(byte = 0): number {
  return byte < LETTER_A ? byte - DIGIT_0 : byte - LETTER_A + 10;
}

/** Unescape a string in one pass: it may be of any length. */
function unescapeBytes(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
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
 * Parse a MONITOR line.
 *
 * @param line - Without its `+` and CRLF: `1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`.
 * @throws InvalidResponse when it is invalid.
 */
export function parseMonitorLine(line: string): MonitoredCommand {
  const [head, time, db] = HEAD.exec(line) ?? [];
  // An IPv6 address also contains `]`, but never followed by a quote.
  const end = line.indexOf('] "');
  if (head === undefined || end < head.length) throw malformedLine();
  const strings = readQuoted(line, end + 2);
  return {
    time: Number(time),
    db: Number(db),
    ...readClient(line.slice(head.length, end)),
    command: strings.join(" ").replaceAll('\\"', '"'),
    args: strings.map(unescapeBytes),
  };
}
