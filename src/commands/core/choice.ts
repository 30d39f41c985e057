/** Maps the accepted spellings of a keyword to the token that is sent. */
import { Token } from "../../protocol/token.js";

/** A fixed set of keywords, accepted as spelled, in upper and in lower case. */
export class Choice {
  readonly #tokens = new Map<unknown, Token>();
  readonly #keywords: readonly string[];

  constructor(...keywords: string[]) {
    this.#keywords = keywords;
    for (const keyword of keywords) {
      const token = new Token(keyword);
      for (const form of [keyword, keyword.toLowerCase(), keyword.toUpperCase()]) {
        this.#tokens.set(form, token);
      }
    }
  }

  /** The token to send, or undefined when `value` is not in the set. */
  find(value: unknown): Token | undefined {
    return this.#tokens.get(value);
  }

  /** The quoted keywords, for messages. */
  toString(): string {
    return this.#keywords.map((keyword) => `"${keyword}"`).join(", ");
  }
}
