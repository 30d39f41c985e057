/**
 * Owns the contract between whoever wants something from the server and the connections: a job is
 * written as one piece and takes one or more replies, in order. Jobs never do I/O, and nothing they
 * do with a reply may throw into the parser, but for an InvalidResponse when it cannot be theirs: that
 * ends the connection.
 */
import { ConnectionError, RedisError } from "../errors.js";
import type { EncodableCommand, Encoder, WireArg } from "../protocol/encoder.js";
import { BYTES, type Reply, type ReplyMode } from "../protocol/reply.js";
import type { Deque } from "./deque.js";

/** How long a job may wait, and how it behaves; all times in milliseconds, `0` for no limit. */
export interface JobTraits {
  /** Time for the reply, from the moment the job is written. */
  readonly replyTimeout: number;
  /** Time it may wait for a connection before it is written. */
  readonly waitTimeout: number;
  /** Whether the server may hold the reply back on purpose. */
  readonly blocking: boolean;
  /** Whether it changes the state of its connection, which must not be reused then. */
  readonly taints: boolean;
}

/** A unit of work for a connection. */
export abstract class Job {
  /** Name of the command, for errors. */
  readonly name: string;
  /** How many replies the server will send. */
  readonly size: number;
  /** By reference: thousands of jobs may be pending, and most of them share theirs. */
  readonly traits: JobTraits;
  /** Moment (of `performance.now()`) its present wait ends; `Infinity` for never. */
  deadline = Number.POSITIVE_INFINITY;
  /** Whether it has been handed to a connection. */
  written = false;
  /** Whether the caller knows the outcome already; later replies are dropped. */
  settled = false;
  /** Where it has to be withdrawn from when it is cancelled. */
  queue: { delete(job: Job): void } | undefined = undefined;

  constructor(name: string, size: number, traits: JobTraits) {
    this.name = name;
    this.size = size;
    this.traits = traits;
  }

  /** See {@link JobTraits.waitTimeout}. */
  get waitTimeout(): number {
    return this.traits.waitTimeout;
  }

  /** See {@link JobTraits.blocking}. */
  get blocking(): boolean {
    return this.traits.blocking;
  }

  /** Put the job's commands on the encoder; throws DataError, adding nothing, on bad arguments. */
  abstract encode(encoder: Encoder): void;
  /** Check the arguments without writing; throws DataError. */
  abstract check(encoder: Encoder): void;
  /** How to build the next reply. */
  abstract mode(): ReplyMode;
  /** Take a reply; true when it was the last one. */
  abstract accept(value: Reply): boolean;
  /** Take an error reply, or the error of one that could not be decoded; true when it was the last. */
  abstract acceptError(error: RedisError): boolean;
  /** How many replies are still to come. */
  abstract remaining(): number;
  /** Whether the job wants to be written again after `error`; counts the attempt when it does. */
  abstract retry(error: RedisError): boolean;
  /** Settle the job: no further reply will reach it. */
  abstract fail(error: RedisError): void;
}

const UNLIMITED: JobTraits = { replyTimeout: 0, waitTimeout: 0, blocking: false, taints: false };

/** Stands in a connection's queue for a job that was given up, and swallows its replies. */
export class Discarded extends Job {
  #left: number;

  constructor(job: Job) {
    super(job.name, job.size, UNLIMITED);
    this.#left = job.remaining();
    this.written = true;
    this.settled = true;
  }

  override encode(): void {}
  override check(): void {}
  override mode(): ReplyMode {
    return BYTES;
  }
  override accept(): boolean {
    return --this.#left === 0;
  }
  override acceptError(): boolean {
    return this.accept();
  }
  override remaining(): number {
    return this.#left;
  }
  override retry(): boolean {
    return false;
  }
  override fail(): void {}
}

/** A command of the connection's own: handshake, health check. */
export interface OwnCommand extends EncodableCommand {
  readonly args: readonly WireArg[];
}

/** Said by a server in protected mode to whoever comes from elsewhere, before it hangs up. */
function isDenied(error: RedisError): boolean {
  return error.code === "DENIED";
}

/** Runs a batch of the connection's own commands and hands over all replies, errors included. */
export class Exchange extends Job {
  readonly #commands: readonly OwnCommand[];
  readonly #replies: Reply[] = [];
  readonly #done: (replies: Reply[]) => void;
  readonly #failed: (error: RedisError) => void;

  constructor(
    commands: readonly OwnCommand[],
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
  override mode(): ReplyMode {
    return BYTES;
  }
  override accept(value: Reply): boolean {
    this.#replies.push(value);
    if (this.#replies.length < this.size) return false;
    this.settled = true;
    this.#done(this.#replies);
    return true;
  }
  override acceptError(error: RedisError): boolean {
    error.command = this.#commands[this.#replies.length]?.name;
    return this.accept(error);
  }
  override remaining(): number {
    return this.size - this.#replies.length;
  }
  override retry(): boolean {
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

/** See {@link takeOverdue}. */
export interface Overdue {
  readonly overdue: Job[];
  readonly next: number;
  readonly left: boolean;
}

/**
 * Give up the jobs of a queue whose replies are overdue; their slots stay, to swallow the replies.
 *
 * @returns Those jobs, the next deadline of the others (`Infinity` for none), and whether a reply is
 * left that is waited for, be it without a limit.
 */
export function takeOverdue(queue: Deque<Job>, now: number): Overdue {
  const overdue: Job[] = [];
  let next = Number.POSITIVE_INFINITY;
  let left = false;
  for (let i = 0; i < queue.length; i++) {
    const job = queue.at(i);
    if (job === undefined) continue;
    if (job.deadline > now) {
      next = Math.min(next, job.deadline);
      left ||= !(job instanceof Discarded);
    } else {
      overdue.push(job);
      queue.replace(i, new Discarded(job));
    }
  }
  return { overdue, next, left };
}
