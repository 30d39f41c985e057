/**
 * Commands that the library sends by itself: handshake, health checks, SELECT after a reconnect. Their
 * replies go to a callback, errors included.
 */
import { ConnectionError, RedisError } from "../errors.js";
import type { EncodableCommand, Encoder, WireArg } from "../protocol/encoder.js";
import { BYTES, type Reply, type ReplyMode } from "../protocol/reply.js";
import { Request, UNLIMITED } from "./request.js";

/** Said by a server in protected mode to whoever comes from elsewhere, before it hangs up. */
export function isDenied(error: RedisError): boolean {
  return error.code === "DENIED";
}

/** Runs a batch of the connection's own commands and hands over all replies, errors included. */
export class InternalRequest extends Request {
  readonly #commands: readonly InternalCommand[];
  readonly #replies: Reply[] = [];
  readonly #done: (replies: Reply[]) => void;
  readonly #failed: (error: RedisError) => void;

  constructor(
    commands: readonly InternalCommand[],
    replyTimeout: number,
    callbacks: { done(replies: Reply[]): void; failed(error: RedisError): void },
  ) {
    super(commands[0]?.name ?? "", commands.length, { ...UNLIMITED, replyTimeout });
    this.#commands = commands;
    this.#done = callbacks.done;
    this.#failed = callbacks.failed;
  }

  override encode(encoder: Encoder): void {
    for (const command of this.#commands) encoder.command(command, command.args);
  }
  override check(): void {}
  /** Bytes, for only statuses are looked at: what HELLO tells need not be text in the encoding. */
  override replyMode(): ReplyMode {
    return BYTES;
  }
  override acceptReply(value: Reply): boolean {
    this.#replies.push(value);
    if (this.#replies.length < this.size) return false;
    this.settled = true;
    this.#done(this.#replies);
    return true;
  }
  override acceptError(error: RedisError): boolean {
    error.command = this.#commands[this.#replies.length]?.name;
    return this.acceptReply(error);
  }
  override remainingReplies(): number {
    return this.size - this.#replies.length;
  }
  override prepareRetry(): boolean {
    return false;
  }
  override fail(error: RedisError): void {
    this.settled = true;
    // A server that hangs up may have said why, in answer to the first thing it read.
    const reason = this.#replies.find(
      (reply) =>
        reply instanceof ConnectionError || (reply instanceof RedisError && isDenied(reply)),
    ) as RedisError | undefined;
    this.#failed(reason ?? error);
  }
}

/** A command of the connection's own: handshake, health check. */
export interface InternalCommand extends EncodableCommand {
  readonly args: readonly WireArg[];
}

/** Make a command of the connection's own. */
export function internalCommand(name: string, ...args: WireArg[]): InternalCommand {
  const words = name.split(" ");
  const wire = words.map((word) => `$${word.length}\r\n${word}\r\n`).join("");
  return {
    name,
    args,
    header: (count) => `*${words.length + count}\r\n${wire}`,
    argumentName: (index) => `argument ${index + 1}`,
  };
}
