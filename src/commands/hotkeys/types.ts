/** Argument and reply types of the HOTKEYS commands. Types only. */

/** Metric of HOTKEYS: CPU time, or bytes received and sent. */
export type HotkeysMetric = "CPU" | "NET" | "cpu" | "net";

/**
 * Reply of HOTKEYS GET, with the server's field names. Fields on selected slots or sampled commands
 * exist only when slots or a sample ratio were given.
 */
export interface HotkeysReport<T> {
  [field: string]: unknown;
  /** 1 while collecting, otherwise 0. */
  "tracking-active": number;
  /** One command in this many was recorded. */
  "sample-ratio": number;
  /** First and last slot of each selected range. */
  "selected-slots": number[][];
  /** CPU time of all commands, in microseconds. */
  "all-commands-all-slots-us": number;
  /** Bytes received and sent by all commands. */
  "net-bytes-all-commands-all-slots": number;
  /** Start of the collection, as a Unix time in milliseconds. */
  "collection-start-time-unix-ms": number;
  /** Duration of the collection, in milliseconds. */
  "collection-duration-ms": number;
  /** User CPU time of the server, in milliseconds; only with `"CPU"`. */
  "total-cpu-time-user-ms"?: number;
  /** System CPU time of the server, in milliseconds; only with `"CPU"`. */
  "total-cpu-time-sys-ms"?: number;
  /** Bytes received and sent; only with `"NET"`. */
  "total-net-bytes"?: number;
  /** Keys with CPU time in microseconds, highest first; only with `"CPU"`. */
  "by-cpu-time-us"?: [key: T, microseconds: number][];
  /** Keys with bytes, highest first; only with `"NET"`. */
  "by-net-bytes"?: [key: T, bytes: number][];
}
