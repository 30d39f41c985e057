/** Options of pipelines, and the type of the values that `exec` returns. */
import type { RedisError } from "../errors.js";

/** Options of {@link Redis.pipeline}. */
export interface PipelineOptions {
  /** Boolean: whether the commands run as one MULTI/EXEC transaction; default `true`, on a cluster `false`. */
  readonly transaction?: boolean;
}

/** Options of {@link Pipeline.exec}. */
export interface ExecOptions {
  /**
   * Boolean: whether `exec` rejects with the first error among the replies; default `true`. With `false`
   * errors are returned in their places, except errors of the connection such as LOADING. Without a
   * transaction on a cluster these are in their places too: other nodes have executed their commands.
   */
  readonly raiseOnError?: boolean;
}

/**
 * The values of a pipeline, each possibly an error instead: a server's error, or one of decoding; on a cluster
 * any error of its command, such as a {@link ConnectionError}.
 */
export type Settled<R extends readonly unknown[]> = { [K in keyof R]: R[K] | RedisError };
