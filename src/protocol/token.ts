/**
 * Owns the words of the protocol itself (`EX`, `WITHSCORES`): always ASCII, whatever the client's
 * encoding, and encoded once.
 */

/** A constant word of a command's syntax, with its wire form ready. */
export class Token {
  readonly #made = true;
  readonly text: string;
  /** The word as a bulk string. */
  readonly wire: string;
  constructor(text: string) {
    this.text = text;
    this.wire = `$${text.length}\r\n${text}\r\n`;
  }

  /** Whether a value is a token; runs no code of the value's, whatever it is. */
  static is(value: unknown): value is Token {
    return typeof value === "object" && value !== null && #made in value;
  }
}
