/**
 * What a scripted node does with a few commands: texts, counters and lists that all nodes of its cluster share,
 * and the transaction of one connection.
 */
import { bulk, bulks } from "./resp.js";

type Data = Map<string, string[]>;

const OK = "+OK\r\n";
const NULL = "$-1\r\n";

const EFFECTS: Readonly<Record<string, (data: Data, args: readonly string[]) => string>> = {
  PING: () => "+PONG\r\n",
  GET: (data, [key = ""]) => bulkOrNull(data.get(key)?.join("")),
  SET: (data, [key = "", value = ""]) => {
    data.set(key, [value]);
    return OK;
  },
  INCR: (data, [key = ""]) => {
    const value = Number(data.get(key)?.[0] ?? 0) + 1;
    data.set(key, [String(value)]);
    return `:${value}\r\n`;
  },
  RPUSH: (data, [key = "", ...items]) => {
    const list = [...(data.get(key) ?? []), ...items];
    data.set(key, list);
    return `:${list.length}\r\n`;
  },
  LRANGE: (data, [key = ""]) => bulks(data.get(key) ?? []),
  BLPOP: (data, [key = ""]) => {
    const item = data.get(key)?.shift();
    return item === undefined ? "*-1\r\n" : bulks([key, item]);
  },
  MGET: (data, keys) =>
    `*${keys.length}\r\n${keys.map((key) => bulkOrNull(data.get(key)?.join(""))).join("")}`,
};

function bulkOrNull(text: string | undefined): string {
  return text === undefined ? NULL : bulk(text);
}

/** Commands that concern nothing but their connection. */
export const OWN_CONNECTION: ReadonlySet<string> = new Set([
  "ASKING",
  "PING",
  "READONLY",
  "MULTI",
  "EXEC",
  "DISCARD",
  "UNWATCH",
]);

/** The data as one connection sees them, and the state of the connection. */
export class NodeData {
  readonly #data: Data;
  readonly #onExecuted: (words: readonly string[]) => void;
  /** The commands of a transaction, or `undefined` outside of one. */
  #queue: (readonly [name: string, args: readonly string[]])[] | undefined;
  #isRefused = false;
  #asked = false;
  /** Whether the connection has sent READONLY. */
  isReadOnly = false;

  /** @param onExecuted - Called with each command that concerns the data, before its reply. */
  constructor(data: Data, onExecuted: (words: readonly string[]) => void) {
    this.#data = data;
    this.#onExecuted = onExecuted;
  }

  /** Return whether ASKING covers a command; it covers one command, or one transaction. */
  isAsking(name: string): boolean {
    const asked = this.#asked;
    if (this.#queue === undefined && name !== "MULTI") this.#asked = name === "ASKING";
    return asked;
  }

  /** Execute a command, or queue it; return the reply. */
  execute(name: string, args: readonly string[]): string {
    if (name === "MULTI") this.#queue = [];
    else if (name === "EXEC" || name === "DISCARD") return this.#end(name);
    else if (this.#queue !== undefined) {
      this.#queue.push([name, args]);
      return "+QUEUED\r\n";
    }
    if (name === "READONLY") this.isReadOnly = true;
    if (!OWN_CONNECTION.has(name)) this.#onExecuted([name, ...args]);
    return EFFECTS[name]?.(this.#data, args) ?? OK;
  }

  /** Refuse a command; a transaction is refused as a whole then. */
  refuse(error: string): string {
    this.#isRefused = this.#queue !== undefined;
    return error;
  }

  #end(name: string): string {
    const queue = this.#queue;
    const isRefused = this.#isRefused;
    this.#queue = undefined;
    this.#isRefused = false;
    this.#asked = false;
    if (queue === undefined) return `-ERR ${name} without MULTI\r\n`;
    if (name === "DISCARD") return OK;
    if (isRefused) return "-EXECABORT Transaction discarded because of previous errors.\r\n";
    const replies = queue.map(([command, args]) => this.execute(command, args));
    return `*${replies.length}\r\n${replies.join("")}`;
  }
}
