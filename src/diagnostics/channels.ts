/**
 * Owns how anybody may watch what happens: tracing channels of `node:diagnostics_channel`, of which
 * nothing is to be paid while nobody listens. Events tell names, addresses and errors; an argument, a
 * value or a secret never stands in one.
 */
import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import { RedisError, ResponseError } from "../errors.js";
import type { Address } from "../options/address.js";
import { formatAddress } from "../options/address.js";

/** Attributes by the conventions of OpenTelemetry for database clients. */
export type TraceAttributes = Readonly<Record<string, string | number>>;

/** What subscribers are told, the same object from `start` to `asyncEnd`. */
export interface TraceEvent {
  /** Known from the start; `error.type` and `db.response.status_code` come with the error. */
  attributes: TraceAttributes;
  /** Why it failed, from `error` on. */
  error?: unknown;
}

/** A channel of this library. */
export type TraceChannel = TracingChannel<unknown, TraceEvent>;

/** Make a channel; subscribers reach it by `tracingChannel("rediswire:<name>")`. */
export function traceChannel(name: string): TraceChannel {
  return tracingChannel<unknown, TraceEvent>(`rediswire:${name}`);
}

/** Making a connection, handshake included. */
export const CONNECT = traceChannel("connect");
/** Waiting for a connection, be it that none is there yet or that none is free. */
export const WAIT = traceChannel("wait");

/** Whether anybody listens. */
export function isTraced(channel: TraceChannel): boolean {
  // Node before 20.13 knows it of single channels only.
  return (channel.hasSubscribers as boolean | undefined) ?? channel.start.hasSubscribers;
}

/** What is known of a server by its address. */
export function addressAttributes(address: Address): TraceAttributes {
  if (address.kind === "unix") {
    return { "server.address": address.path, "network.transport": "unix" };
  }
  const { host, port } = address;
  return { "server.address": host, "server.port": port, "network.transport": "tcp" };
}

/** What is known of everything here. */
export function baseAttributes(address: Address, db: number): TraceAttributes {
  const pool = { "db.client.connection.pool.name": formatAddress(address) };
  const system = { "db.system.name": "redis", "db.namespace": String(db) };
  return { ...system, ...addressAttributes(address), ...pool };
}

function errorAttributes(error: unknown): TraceAttributes {
  if (!(error instanceof RedisError)) return { "error.type": "_OTHER" };
  const { code } = error;
  const type = { "error.type": code ?? error.name };
  const said = error instanceof ResponseError && code !== undefined;
  return said ? { ...type, "db.response.status_code": code } : type;
}

/** Something under way that somebody watches. */
export class Trace {
  readonly #channel: TraceChannel;
  readonly #event: TraceEvent;

  constructor(channel: TraceChannel, attributes: TraceAttributes) {
    this.#channel = channel;
    this.#event = { attributes };
  }

  /** Begin it; what `begin` does runs in the context subscribers have bound to the channel. */
  start(begin: () => void): void {
    this.#channel.start.runStores(this.#event, begin);
    this.#channel.end.publish(this.#event);
  }

  /** It is over, well or not. */
  end(error?: unknown): void {
    const { asyncStart, asyncEnd, error: failed } = this.#channel;
    const event = this.#event;
    if (error !== undefined) {
      event.error = error;
      event.attributes = { ...event.attributes, ...errorAttributes(error) };
      failed.publish(event);
    }
    asyncStart.publish(event);
    asyncEnd.publish(event);
  }
}

/** Run something that takes a while, and tell of it. */
export async function traced<V>(
  channel: TraceChannel,
  attributes: () => TraceAttributes,
  run: () => Promise<V>,
): Promise<V> {
  if (!isTraced(channel)) return run();
  const trace = new Trace(channel, attributes());
  let running: Promise<V> | undefined;
  trace.start(() => {
    running = run();
  });
  try {
    const value = await (running ?? run());
    trace.end();
    return value;
  } catch (error) {
    trace.end(error);
    throw error;
  }
}
