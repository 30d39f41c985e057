/** Owns the types of what a server tells about itself. Types only. */

/** A value of INFO: numbers where the text is one, otherwise the text. */
export type InfoScalar = string | number | boolean;

/** A value of INFO, or several under one name: `db0`, `cmdstat_get`, `modules`. */
export type InfoValue =
  | InfoScalar
  | Record<string, InfoScalar>
  | (InfoScalar | Record<string, InfoScalar>)[];

/** What INFO says, by field; lines without a name are under `__raw__`. */
export type ServerInfo = Record<string, InfoValue>;

/** What MEMORY STATS says; `db.0` and its like are records of their own. */
export type MemoryStats = Record<string, string | number | Record<string, string | number>>;

/** One command that took long. */
export interface SlowlogEntry {
  /** Number of the entry; grows until the server restarts. */
  id: number;
  /** When the command began. */
  startTime: Date;
  /** How long it took, in microseconds. */
  duration: number;
  /** The command and its arguments, joined by spaces; bytes that are no text as `\xff`. */
  command: string;
  /** The same, exactly; the server shortens long ones. */
  args: Buffer[];
  /** Address of the client, when the server tells it. */
  clientAddress?: string;
  /** Name of the client, when the server tells it. */
  clientName?: string;
  /** Of Redis Enterprise: what made it slow. */
  complexity?: string;
}
