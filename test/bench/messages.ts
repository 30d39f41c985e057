/** Messages between the runner and a client process. */

import type { Target } from "./clients/adapter.js";

/** The transports to the server. */
export type Transport = "tcp" | "tls" | "unix" | "pieces";

/** How a client process is started: its arguments as one JSON text. */
export interface WorkerSetup {
  readonly client: string;
  readonly targets: Readonly<Record<Transport, Target>>;
  /** Process of the server, to see how busy it is. */
  readonly serverPid: number;
}

/** How a process with a cluster client is started: its argument as JSON text. */
export interface ClusterSetup {
  readonly client: string;
  /** Ports of the primaries on the loopback address. */
  readonly ports: readonly number[];
  /** Processes of the servers, which share one core; none when they do not. */
  readonly serverPids: readonly number[];
}

/** How a process with a client-side cache is started: its argument as JSON text. */
export interface CacheSetup {
  readonly client: string;
  readonly target: Target;
  readonly serverPid: number;
}

/** Check and warm one scenario, or measure it. */
export interface WorkerRequest {
  readonly action: "warm" | "measure";
  /** Index in `SCENARIOS`, `CLUSTER_SCENARIOS` or `CACHE_SCENARIOS`. */
  readonly scenario: number;
  /** ms: how long the client is to be busy. */
  readonly duration: number;
}

/** One measurement. */
export interface Sample {
  /** Commands answered per second. */
  readonly rate: number;
  /** CPU time of the client process per command, user and system, in µs. */
  readonly cpu: number;
  /** Share of the time during which the server, or one of the servers, was on its CPU, 0 to 1; null where unknown. */
  readonly server: number | null;
}

export type WorkerAnswer =
  | { readonly kind: "ready" }
  /** The client does not support it. */
  | { readonly kind: "unable" }
  | { readonly kind: "sample"; readonly sample: Sample }
  | { readonly kind: "failed"; readonly reason: string };

/** Result of one burst at one subscriber. */
export interface PubSubSample {
  /** Messages per second, from the first to the last. */
  readonly rate: number;
  /** CPU time of the client process per message, user and system, in µs. */
  readonly cpu: number;
  /** Bytes of heap after a collection. */
  readonly heap: number;
}

/** How a process for one cold start is started: its argument as JSON text. */
export interface ColdSetup {
  readonly client: string;
  readonly port: number;
  /** A key that exists. */
  readonly key: string;
}

/** What one cold start took, in ms. */
export interface ColdStart {
  /** Loading the package. */
  readonly load: number;
  /** From the start of Node to the first reply. */
  readonly firstReply: number;
}

/** How a process that measures burdens is started: its argument as JSON text. */
export interface BurdenSetup {
  readonly client: string;
  readonly target: Target;
  /** Process of the server, which is stopped for a while. */
  readonly serverPid: number;
}

/** What a client costs the rest of its process. */
export interface Burden {
  /** Bytes of heap per pending command, the promise and what awaits it included. */
  readonly bytes: number;
  /** ms: the longest time the event loop was blocked during one large reply. */
  readonly delay: number;
}
