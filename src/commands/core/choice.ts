/** Owns closed choices of words: which spellings of a word are accepted, and the one that is sent. */
import { Token } from "../../protocol/token.js";

/** A closed choice of words, found in upper or lower case. */
export class Choice {
  readonly #tokens = new Map<unknown, Token>();
  readonly #words: readonly string[];

  constructor(...words: string[]) {
    this.#words = words;
    for (const word of words) {
      const token = new Token(word);
      for (const form of [word, word.toLowerCase(), word.toUpperCase()]) {
        this.#tokens.set(form, token);
      }
    }
  }

  /** The word to send, or undefined when `value` is none of the choice. */
  find(value: unknown): Token | undefined {
    return this.#tokens.get(value);
  }

  /** The choice in words, for messages. */
  toString(): string {
    return this.#words.map((word) => `"${word}"`).join(", ");
  }
}
