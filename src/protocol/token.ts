/**
 * Keywords of the command syntax (`EX`, `WITHSCORES`): ASCII in every encoding of the client, and encoded
 * once.
 */

/** A keyword of the command syntax with its encoded form. */
export class Token {
  readonly #isToken = true;
  readonly text: string;
  /** The keyword as a bulk string. */
  readonly wire: string;
  constructor(text: string) {
    this.text = text;
    this.wire = `$${text.length}\r\n${text}\r\n`;
  }

  /** Whether a value is a token. Never runs user code, such as the traps of a Proxy. */
  static is(value: unknown): value is Token {
    return typeof value === "object" && value !== null && #isToken in value;
  }
}
