/**
 * Tracing channels of `node:diagnostics_channel`. Without subscribers a channel costs one check. Events
 * contain names, addresses and errors, and never an argument, a value or a secret.
 */
import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import { RedisError, ResponseError } from "../errors.js";
import type { Address } from "../options/address.js";
import { formatAddress } from "../options/address.js";

/** Attributes, named by the OpenTelemetry conventions for database clients. */
export type TraceAttributes = Readonly<Record<string, string | number>>;

/** What subscribers receive: the same object from `start` to `asyncEnd`. */
export interface TraceEvent {
  /**
   * Set at the start. At the end the address is replaced by that of the connection that was used, and
   * `error.type` and `db.response.status_code` are added after an error.
   */
  attributes: TraceAttributes;
  /** The error, set before `error` is published. */
  error?: unknown;
}

/** A tracing channel of this library. */
export type TraceChannel = TracingChannel<unknown, TraceEvent>;

/** Create a channel; subscribers get it with `tracingChannel("rediswire:<name>")`. */
export function traceChannel(name: string): TraceChannel {
  return tracingChannel<unknown, TraceEvent>(`rediswire:${name}`);
}

/** Connecting, handshake included. */
export const CONNECT = traceChannel("connect");
/** Waiting for a connection: none is open yet, or none is free. */
export const WAIT = traceChannel("wait");

/** Return whether the channel has subscribers. */
export function isTraced(channel: TraceChannel): boolean {
  // Node before 20.13 has the property on single channels only.
  return (channel.hasSubscribers as boolean | undefined) ?? channel.start.hasSubscribers;
}

/** Return the attributes of a server address. */
export function addressAttributes(address: Address): TraceAttributes {
  if (address.kind === "unix") {
    return { "server.address": address.path, "network.transport": "unix" };
  }
  const { host, port } = address;
  return { "server.address": host, "server.port": port, "network.transport": "tcp" };
}

/** Attributes of every event; those of the server only when its address is known. */
export function baseAttributes(address: Address | undefined, db: number): TraceAttributes {
  const system = { "db.system.name": "redis", "db.namespace": String(db) };
  if (address === undefined) return system;
  const pool = { "db.client.connection.pool.name": formatAddress(address) };
  return { ...system, ...addressAttributes(address), ...pool };
}

/** Attributes of an error. */
export function errorAttributes(error: unknown): TraceAttributes {
  if (!(error instanceof RedisError)) return { "error.type": "_OTHER" };
  const { code } = error;
  const type = { "error.type": code };
  return error instanceof ResponseError ? { ...type, "db.response.status_code": code } : type;
}

/** Replace the address; a port of the previous one must not remain beside a unix socket. */
function withAddress(attributes: TraceAttributes, address: Address): TraceAttributes {
  const { "server.port": _, ...rest } = attributes;
  return { ...rest, ...addressAttributes(address) };
}

/** One traced operation. */
export class Trace {
  readonly #channel: TraceChannel;
  readonly #event: TraceEvent;

  constructor(channel: TraceChannel, attributes: TraceAttributes) {
    this.#channel = channel;
    this.#event = { attributes };
  }

  /** Publish the start, and call `operation` in the context that subscribers bound to the channel. */
  start(operation: () => void): void {
    this.#channel.start.runStores(this.#event, operation);
    this.#channel.end.publish(this.#event);
  }

  /** Add attributes; only before the end. */
  add(attributes: TraceAttributes): void {
    this.#event.attributes = { ...this.#event.attributes, ...attributes };
  }

  /**
   * Publish the end.
   *
   * @param error - Why the operation failed; `undefined` when it succeeded.
   * @param address - The server it was sent to, if it was: replaces the address given at the start.
   */
  end(error?: unknown, address?: Address): void {
    const { asyncStart, asyncEnd, error: failed } = this.#channel;
    const event = this.#event;
    if (address !== undefined) event.attributes = withAddress(event.attributes, address);
    if (error !== undefined) {
      event.error = error;
      event.attributes = { ...event.attributes, ...errorAttributes(error) };
      failed.publish(event);
    }
    asyncStart.publish(event);
    asyncEnd.publish(event);
  }
}

/**
 * Run an operation, and publish its start and end if the channel has subscribers.
 *
 * @param attributesOf - Returns attributes that the value adds at the end.
 */
export async function traced<V>(
  channel: TraceChannel,
  attributes: () => TraceAttributes,
  operation: () => Promise<V>,
  attributesOf?: (value: V) => TraceAttributes,
): Promise<V> {
  if (!isTraced(channel)) return operation();
  const trace = new Trace(channel, attributes());
  let running: Promise<V> | undefined;
  trace.start(() => {
    running = operation();
  });
  try {
    const value = await (running ?? operation());
    if (attributesOf !== undefined) trace.add(attributesOf(value));
    trace.end();
    return value;
  } catch (error) {
    trace.end(error);
    throw error;
  }
}
