/**
 * Matches the replies of one connection with its pending requests, first in, first out, and watches their
 * deadlines. A request that timed out keeps its place, so that a late reply never reaches another caller.
 * A reply without a request is a protocol error, except in subscriber and monitor mode.
 */
import { InvalidResponse, RedisError } from "../errors.js";
import type { ReplyHandler } from "../protocol/parser.js";
import { BYTES, type Reply, type ReplyMode } from "../protocol/reply.js";
import { DeadlineTimer } from "../util/deadline-timer.js";
import { Deque } from "../util/deque.js";
import { realTime } from "../util/timers.js";
import { AbandonedRequest, abandonTimedOut, type TimedOutRequests } from "./deadlines.js";
import { DrainProgress } from "./drain-progress.js";
import type { ErrorReplyAction } from "./owner.js";
import { type PushListener, PushRouter } from "./push-router.js";
import type { Request } from "./request.js";
import type { WriteBuffer } from "./write-buffer.js";

const NEVER = Number.POSITIVE_INFINITY;

/** Receives every reply of a connection in monitor mode; must not throw. */
export interface MonitorListener {
  /** A reply; error replies are passed as error objects. */
  onReply(value: Reply): void;
}

/** Receives what the server sends to a connection in subscriber mode; must not throw. */
export interface SubscriberListener extends MonitorListener {
  /** A RESP3 push of a pub/sub type; under RESP2 everything is a reply. */
  readonly onPush: PushListener;
}

/** The requests of a connection at its end, oldest first. */
export interface EndedRequests {
  /** Handed to the socket. */
  readonly written: Request[];
  /** Not handed to the socket. */
  readonly unflushed: Request[];
}

/** The connection, as its dispatcher uses it. */
export interface ReplyDispatcherHost {
  /** A request got an error reply; return what to do with the request. */
  onErrorReply(request: Request, error: RedisError): ErrorReplyAction;
  /** A reply arrived that no request awaits. */
  onUnexpectedReply(cause: InvalidResponse): void;
  /** Replies timed out; their requests are abandoned. */
  onTimedOut(report: TimedOutRequests): void;
}

/** Pending requests of one connection, and the handler of its parser. */
export class ReplyDispatcher implements ReplyHandler {
  readonly #writeBuffer: WriteBuffer;
  readonly #host: ReplyDispatcherHost;
  /** In the order of their replies; the last `#writeBuffer.unflushed` are not written yet. */
  readonly #queue = new Deque<Request>();
  readonly #deadlineTimer = new DeadlineTimer((now) => this.#checkDeadlines(now), {
    keepAlive: false,
    patient: false,
  });
  #pending = 0;
  /** Receives all replies in subscriber and monitor mode. */
  #listener: MonitorListener | undefined = undefined;
  #pushes: PushRouter | undefined = undefined;
  /** How pushes, and the replies for `#listener`, are built. */
  #pushMode: ReplyMode = BYTES;
  #ended = false;
  /** Moment at which bytes of a reply to a request arrived. */
  #lastRead = Number.NEGATIVE_INFINITY;
  /** Moment at which the socket was found to have taken bytes of a large write. */
  #lastWrite = Number.NEGATIVE_INFINITY;
  /** Whether a reply began in the present chunk, or was incomplete at its start. */
  #isReplyChunk = false;
  /** Whether a reply, not a push or an attribute, is incomplete. */
  #isReplyOpen = false;

  constructor(writeBuffer: WriteBuffer, host: ReplyDispatcherHost) {
    this.#writeBuffer = writeBuffer;
    this.#host = host;
  }

  /** Number of replies still to come. */
  get pending(): number {
    return this.#pending;
  }

  /** Whether no request awaits a reply. */
  get idle(): boolean {
    return this.#queue.length === 0;
  }

  /** The pending requests, oldest first. */
  get requests(): Request[] {
    return this.#queue.toArray();
  }

  /**
   * Moment (of `realTime()`) at which bytes of a pending reply arrived or the socket took bytes of a large
   * write; `-Infinity` before.
   */
  get lastProgress(): number {
    // In subscriber mode no request is pending, so that nothing else looks at the writes.
    if (this.idle) this.#sampleWrites(realTime());
    return Math.max(this.#lastRead, this.#lastWrite);
  }

  /**
   * Time in ms for which nothing was received although a reply is due; 0 when none is, and when it has no
   * deadline.
   */
  get silence(): number {
    const head = this.#queue.peek();
    if (head === undefined) return 0;
    const { replyTimeout } = head.traits;
    if (replyTimeout === 0 && !(head instanceof AbandonedRequest)) return 0;
    const sent = head instanceof AbandonedRequest ? 0 : head.deadline - replyTimeout;
    return realTime() - Math.max(sent, this.lastProgress);
  }

  /** Add a request that was put on the write buffer, and start its deadline. */
  add(request: Request): void {
    this.#queue.push(request);
    this.#pending += request.size;
    const { replyTimeout } = request.traits;
    if (replyTimeout === 0) {
      request.deadline = NEVER;
      return;
    }
    const { now } = this.#writeBuffer;
    request.deadline = now + replyTimeout;
    this.#deadlineTimer.watch(request.deadline, now);
  }

  /**
   * Record that a chunk was parsed. A chunk without a part of a reply, of pushes for example, is no progress: it
   * does not show that the server works on a request.
   */
  markRead(): void {
    if (this.#isReplyChunk) this.#lastRead = realTime();
    this.#isReplyChunk = this.#isReplyOpen;
  }

  /** Check soon how far a large write has got. */
  watchWriting(): void {
    const { now } = this.#writeBuffer;
    this.#deadlineTimer.watch(this.#nextWriteCheck(now), now);
  }

  /** Move the deadlines of the last `requests`: the process was busy, and wrote them `delay` ms late. */
  postpone(requests: number, delay: number): void {
    for (let i = this.#queue.length - requests; i < this.#queue.length; i++) {
      const request = this.#queue.at(i);
      if (request !== undefined) request.deadline += delay;
    }
  }

  /** Pass replies to `listener` from now on; there must be no pending request. */
  listen(listener: MonitorListener, mode: ReplyMode): void {
    this.#listener = listener;
    this.#pushMode = mode;
  }

  /** Pass pushes of some types to `listener`; throws Error when a type has one, or the mode differs. */
  routePushes(types: readonly string[], listener: PushListener, mode: ReplyMode): void {
    if (this.#pushes !== undefined && mode !== this.#pushMode)
      throw new Error("pushes of one connection must be built in one mode");
    this.#pushes ??= new PushRouter();
    this.#pushes.register(types, listener);
    this.#pushMode = mode;
  }

  /** Drop pushes of some types again. */
  unroutePushes(types: readonly string[]): void {
    this.#pushes?.unregister(types);
    // The next holder of the connection may build pushes in another mode.
    if (this.#pushes?.empty === true) this.#pushes = undefined;
  }

  /** Reject the request whose reply was being read when the stream became invalid. */
  failHead(cause: InvalidResponse, server: string): void {
    const head = this.#awaiting;
    if (head === undefined || head.settled) return;
    this.#queue.replace(0, new AbandonedRequest(head));
    const details = { code: "EPROTO", command: head.name, server, outcome: "unknown" } as const;
    head.fail(new InvalidResponse(cause.message, { ...details, cause }));
  }

  /** Stop: the connection has ended. Return its requests, oldest first. */
  end(): EndedRequests {
    this.#ended = true;
    this.#pending = 0;
    this.#listener = undefined;
    this.#pushes = undefined;
    this.#deadlineTimer.stop();
    const written = this.#queue.toArray();
    const unflushed = written.splice(written.length - this.#writeBuffer.unflushed);
    this.#queue.clear();
    return { written, unflushed };
  }

  // -- called by the parser --------------------------------------------------------------------

  nextMode(): ReplyMode {
    this.#isReplyChunk = true;
    this.#isReplyOpen = true;
    const request = this.#awaiting;
    return request === undefined ? this.#pushMode : request.replyMode();
  }

  nextPushMode(): ReplyMode {
    return this.#pushMode;
  }

  onReply(value: Reply): void {
    this.#isReplyOpen = false;
    const request = this.#awaiting;
    if (request === undefined) this.#onUnrequested(value);
    else if (request.acceptReply(value)) this.#finish(request);
  }

  onErrorReply(error: RedisError): void {
    this.#isReplyOpen = false;
    const request = this.#awaiting;
    if (request === undefined) return this.#onUnrequested(error);
    error.command = request.name;
    const action = this.#host.onErrorReply(request, error);
    if (action !== "deliver" || request.acceptError(error)) this.#finish(request);
  }

  onDecodeError(error: RedisError): void {
    this.onErrorReply(error);
  }

  onPush(items: Reply[]): void {
    if (this.#pushes !== undefined) this.#pushes.route(items);
    // A monitor, or a subscriber under RESP2, expects no push: its listener must not miss it.
    else this.#listener?.onReply(items);
  }

  /** The request whose reply comes next; a reply cannot belong to a request that is not written yet. */
  get #awaiting(): Request | undefined {
    return this.#queue.length > this.#writeBuffer.unflushed ? this.#queue.peek() : undefined;
  }

  #finish(request: Request): void {
    this.#queue.shift();
    this.#pending -= request.size;
  }

  #onUnrequested(value: Reply): void {
    if (this.#listener !== undefined) return this.#listener.onReply(value);
    if (this.#ended) return;
    const cause = value instanceof RedisError ? value : undefined;
    const details = { code: "EPROTO", cause };
    this.#host.onUnexpectedReply(new InvalidResponse("Protocol Error: unexpected reply", details));
  }

  #checkDeadlines(now: number): number {
    const { flushed, unflushed } = this.#writeBuffer;
    const drained = this.#sampleWrites(now);
    const answered = flushed + unflushed - this.#queue.length;
    const report = abandonTimedOut(this.#queue, now, {
      lastRead: this.#lastRead,
      lastWrite: this.#lastWrite,
      writingFrom: drained - answered,
    });
    if (report.timedOut.length !== 0) this.#host.onTimedOut(report);
    return this.#ended ? NEVER : Math.min(report.nextDeadline, this.#nextWriteCheck(now));
  }

  /** Look how far large writes have got; see {@link DrainProgress.sample}. */
  #sampleWrites(now: number): number {
    const { progress } = this.#writeBuffer;
    const drained = progress?.sample(now) ?? NEVER;
    if (drained !== NEVER) this.#lastWrite = now + (progress?.lag ?? 0);
    return drained;
  }

  /** Return when to check how far a large write has got. */
  #nextWriteCheck(now: number): number {
    const { replyTimeout = 0 } = this.#queue.peek()?.traits ?? {};
    if (replyTimeout === 0 || this.#writeBuffer.progress?.active !== true) return NEVER;
    return now + DrainProgress.interval(replyTimeout);
  }
}
