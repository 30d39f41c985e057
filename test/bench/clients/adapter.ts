/**
 * The interface of a measured client. An adapter calls its client as the documentation of that client shows
 * for speed, and returns replies unchanged: no adapter may convert a reply, because users get the reply in
 * the same shape. The checks of the scenarios accept every shape.
 */

/** Where the server is. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** Path of a unix socket, instead of host and port. */
  readonly path?: string;
  /** The authority's certificate as PEM, for TLS. */
  readonly ca?: string;
}

/** Thrown by an adapter whose client has no such connections. */
export class Unsupported extends Error {}

/** One connected client under measurement. */
export interface Adapter {
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  getBytes(key: string): Promise<unknown>;
  setBytes(key: string, value: Buffer): Promise<unknown>;
  mget(keys: string[]): Promise<unknown>;
  /** All items of a list. */
  lrange(key: string): Promise<unknown>;
  hgetall(key: string): Promise<unknown>;
  /** All members of a sorted set with their scores. */
  zrangeWithScores(key: string): Promise<unknown>;
  /** All entries of a stream. */
  xrange(key: string): Promise<unknown>;
  /** One explicit pipeline, not a transaction. */
  pipelineGet(keys: readonly string[]): Promise<unknown>;
  pipelineSet(keys: readonly string[], value: string): Promise<unknown>;
  close(): Promise<void>;
}

/** A client in the list of the runner. */
export interface ClientEntry {
  /** Column title. */
  readonly title: string;
  /** The package measured, for its version; none for the baseline. */
  readonly packageName?: string;
  /** Ours, a peer, or the baseline. */
  readonly kind: "ours" | "peer" | "floor";
  /** Measured only when named on the command line. */
  readonly onRequest?: boolean;
  readonly open: (target: Target) => Promise<Adapter>;
}
