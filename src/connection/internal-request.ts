/**
 * Commands that the library sends by itself: handshake, health checks, SELECT after a reconnect. All
 * replies of a batch are passed on together, error replies included.
 */
import { ConnectionError, RedisError } from "../errors.js";
import type { EncodableCommand, Encoder, WireArg } from "../protocol/encoder.js";
import { BYTES, type Reply, type ReplyMode } from "../protocol/reply.js";
import { Request, type RequestTraits, UNLIMITED } from "./request.js";

/** Return whether a server in protected mode refused a remote client, before it hangs up. */
export function isDenied(error: RedisError): boolean {
  return error.code === "DENIED";
}

/** The outcome of an {@link InternalRequest}; exactly one method is called, once. */
export interface InternalCallbacks {
  /** Every reply has arrived; error replies are error objects. */
  done(replies: Reply[]): void;
  /** The connection was lost, or the request was cancelled. */
  failed(error: RedisError): void;
}

/** A batch of internal commands. */
export class InternalRequest extends Request {
  readonly #commands: readonly InternalCommand[];
  readonly #replies: Reply[] = [];
  readonly #done: (replies: Reply[]) => void;
  readonly #failed: (error: RedisError) => void;

  constructor(
    commands: readonly InternalCommand[],
    traits: number | Partial<RequestTraits>,
    callbacks: InternalCallbacks,
  ) {
    const overrides = typeof traits === "number" ? { replyTimeout: traits } : traits;
    super(commands.length, { ...UNLIMITED, ...overrides });
    this.#commands = commands;
    this.#done = callbacks.done;
    this.#failed = callbacks.failed;
  }

  override get name(): string {
    return this.#commands[0]?.name ?? "";
  }

  override encode(encoder: Encoder): void {
    for (const command of this.#commands) encoder.command(command, command.args);
  }
  override check(): void {}
  /** Bytes: only statuses are used, and the reply to HELLO need not be valid text. */
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
    // A server that hangs up may have sent the reason as the reply to the first command.
    const reason = this.#replies.find(
      (reply) =>
        reply instanceof ConnectionError || (reply instanceof RedisError && isDenied(reply)),
    ) as RedisError | undefined;
    this.#failed(reason ?? error);
  }
}

/** An internal command with its arguments. */
export interface InternalCommand extends EncodableCommand {
  readonly args: readonly WireArg[];
}

/** Create an internal command; `name` may have several words: `CLIENT SETNAME`. */
export function internalCommand(name: string, ...args: WireArg[]): InternalCommand {
  const words = name.split(" ");
  const wire = words.map((word) => `$${word.length}\r\n${word}\r\n`).join("");
  return {
    name,
    args,
    header: (count) => `*${words.length + count}\r\n${wire}`,
    argumentName: () => undefined,
  };
}

/**
 * Send internal commands as one batch.
 *
 * @param traits - The reply timeout in milliseconds (0 for no limit), or any traits of the request.
 * @param send - Sends the request on a connection.
 * @returns The replies in order, error replies as error objects.
 * @throws RedisError when the connection is lost.
 */
export function exchange(
  commands: readonly InternalCommand[],
  traits: number | Partial<RequestTraits>,
  send: (request: InternalRequest) => void,
): Promise<Reply[]> {
  return new Promise((done, failed) => {
    send(new InternalRequest(commands, traits, { done, failed }));
  });
}
