/** Requests, connections and nodes without I/O, for unit tests of src/cluster. */
import type { NodePool } from "../../src/cluster/node-pool.js";
import { type NodeAddress, nodeName } from "../../src/cluster/view.js";
import type { Connection } from "../../src/connection/connection.js";
import { Request, UNLIMITED } from "../../src/connection/request.js";
import type { RedisError } from "../../src/errors.js";
import type { Encoder } from "../../src/protocol/encoder.js";
import { type Reply, type ReplyMode, TEXT } from "../../src/protocol/reply.js";

/** A request of one slot with one reply, which records how it ends. */
export class SlotRequest extends Request {
  /** The reply, or the error it failed with. */
  outcome: Reply | undefined = undefined;
  readonly #name: string;
  readonly #slot: number;
  readonly #refusal: RedisError | undefined;
  readonly #severalKeys: boolean;

  /** @param refusal - Thrown when its arguments are checked. */
  constructor(name: string, slot: number, options: SlotRequestOptions = {}) {
    const { refusal, severalKeys = false, ...traits } = options;
    super(1, { ...UNLIMITED, ...traits });
    this.#name = name;
    this.#slot = slot;
    this.#refusal = refusal;
    this.#severalKeys = severalKeys;
  }

  override get name(): string {
    return this.#name;
  }
  override slot(): number {
    return this.#slot;
  }
  override get severalKeys(): boolean {
    return this.#severalKeys;
  }
  override encode(encoder: Encoder): void {
    this.check();
    encoder.command({ name: this.#name, header: () => `${this.#name};`, argumentName }, []);
  }
  override check(): void {
    if (this.#refusal !== undefined) throw this.#refusal;
  }
  override replyMode(): ReplyMode {
    return TEXT;
  }
  override acceptReply(value: Reply): boolean {
    this.settled = true;
    this.outcome = value;
    return true;
  }
  override acceptError(error: RedisError): boolean {
    return this.acceptReply(error);
  }
  override remainingReplies(): number {
    return 1;
  }
  override prepareRetry(): boolean {
    return true;
  }
  override fail(error: RedisError): void {
    this.acceptReply(error);
  }
}

interface SlotRequestOptions {
  readonly refusal?: RedisError;
  readonly blocking?: boolean;
  readonly severalKeys?: boolean;
  readonly waitTimeout?: number;
}

const argumentName = (): undefined => undefined;

/** A connection that keeps what is sent on it until the test answers. */
export class FakeConnection {
  readonly sent: Request[] = [];
  readonly server: string;
  /** Why it drains. */
  drained: RedisError | undefined = undefined;

  constructor(server = "host:1") {
    this.server = server;
  }

  send(request: Request): void {
    this.sent.push(request);
  }
  drain(reason: RedisError): void {
    this.drained = reason;
  }
  /** Answer everything that was sent. */
  answer(reply: Reply = "PONG"): void {
    for (const request of this.sent.splice(0)) request.acceptReply(reply);
  }
  /** This object as the class that it replaces. */
  get connection(): Connection {
    return this as unknown as Connection;
  }
}

/** A node with a queue of unwritten requests. */
export class FakeNode {
  readonly name: string;
  readonly address: NodeAddress;
  readonly queue: Request[] = [];
  busyConnections: Connection[] = [];
  suspect = false;
  connected = true;
  closed = false;
  readonly pool = {
    withdraw: (matches: (request: Request) => boolean): Request[] => {
      const taken = this.queue.filter(matches);
      for (const request of taken) this.queue.splice(this.queue.indexOf(request), 1);
      return taken;
    },
    execute: (request: Request): void => void this.queue.push(request),
    executeExclusively: (request: Request): void => void this.queue.push(request),
  };

  constructor(address: NodeAddress) {
    this.address = address;
    this.name = nodeName(address);
  }

  get waiting(): number {
    return this.queue.length;
  }
  async close(): Promise<void> {
    this.closed = true;
  }
  retire(): Promise<void> {
    return this.close();
  }
  endBlocked(): void {}
  abandonSilent(): void {}
  /** This object as the class that it replaces. */
  get node(): NodePool {
    return this as unknown as NodePool;
  }
}
