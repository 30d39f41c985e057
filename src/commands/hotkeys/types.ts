/** Owns the types of what a server tells about the keys that cost it most. Types only. */

/** What keys are measured by: processor time, or bytes received and sent. */
export type HotkeysMetric = "CPU" | "NET" | "cpu" | "net";

/**
 * What HOTKEYS GET tells; names are the server's. What speaks of selected slots or sampled commands is
 * there only when some were chosen.
 */
export interface HotkeysReport<T> {
  [field: string]: unknown;
  /** 1 while keys are being measured, otherwise 0. */
  "tracking-active": number;
  /** One command in that many was measured. */
  "sample-ratio": number;
  /** First and last slot of each range that was chosen. */
  "selected-slots": number[][];
  /** Processor time of all commands, in microseconds. */
  "all-commands-all-slots-us": number;
  /** Bytes received and sent for all commands. */
  "net-bytes-all-commands-all-slots": number;
  /** When measuring began: a Unix time in milliseconds. */
  "collection-start-time-unix-ms": number;
  /** How long keys were measured, in milliseconds. */
  "collection-duration-ms": number;
  /** Processor time of the server itself, in milliseconds; only with `"CPU"`. */
  "total-cpu-time-user-ms"?: number;
  /** Processor time of the system for it, in milliseconds; only with `"CPU"`. */
  "total-cpu-time-sys-ms"?: number;
  /** Bytes received and sent; only with `"NET"`. */
  "total-net-bytes"?: number;
  /** Keys and their processor time in microseconds, longest first; only with `"CPU"`. */
  "by-cpu-time-us"?: [key: T, microseconds: number][];
  /** Keys and their bytes, most first; only with `"NET"`. */
  "by-net-bytes"?: [key: T, bytes: number][];
}
