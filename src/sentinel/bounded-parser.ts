/**
 * A parser with a limit of bytes per reply, for connections to Sentinels: their replies are small, and are
 * decoded in one turn of the event loop.
 */
import type { Parser, ParserClass, ParserOptions, ReplyHandler } from "../protocol/parser.js";
import { protocolError } from "../protocol/resp.js";

/** Passes everything on, and notices that a reply is complete. */
class CompletionHandler implements ReplyHandler {
  isComplete = false;
  readonly #handler: ReplyHandler;

  constructor(handler: ReplyHandler) {
    this.#handler = handler;
  }

  nextMode: ReplyHandler["nextMode"] = () => this.#handler.nextMode();
  nextPushMode: ReplyHandler["nextPushMode"] = () => this.#handler.nextPushMode();
  onReply: ReplyHandler["onReply"] = (value) => {
    this.isComplete = true;
    this.#handler.onReply(value);
  };
  onErrorReply: ReplyHandler["onErrorReply"] = (error) => {
    this.isComplete = true;
    this.#handler.onErrorReply(error);
  };
  onDecodeError: ReplyHandler["onDecodeError"] = (error) => {
    this.isComplete = true;
    this.#handler.onDecodeError(error);
  };
  onPush: ReplyHandler["onPush"] = (items) => {
    this.isComplete = true;
    this.#handler.onPush(items);
  };
}

/**
 * Derive a parser class whose replies have a maximum size.
 *
 * @param Base - The class that parses.
 * @param limit - In bytes; a reply that continues in chunks beyond it is an InvalidResponse.
 */
export function boundedParser(Base: ParserClass, limit: number): ParserClass {
  return class BoundedParser implements Parser {
    static readonly resp3 = Base.resp3;
    readonly #parser: Parser;
    readonly #handler: CompletionHandler;
    /** Bytes of the chunks since the last complete reply. */
    #size = 0;

    constructor(handler: ReplyHandler, options: ParserOptions) {
      this.#handler = new CompletionHandler(handler);
      this.#parser = new Base(this.#handler, options);
    }

    get midReply(): boolean {
      return this.#parser.midReply;
    }

    feed(chunk: Buffer): void {
      this.#handler.isComplete = false;
      this.#parser.feed(chunk);
      if (this.#handler.isComplete) this.#size = 0;
      else this.#size += chunk.length;
      if (this.#size > limit) throw protocolError(`a reply is longer than ${limit} bytes`);
    }
  };
}
