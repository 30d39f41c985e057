/**
 * Check that tested code leaves nothing open. It compares what was created between two points, so that sockets
 * and timers that are `unref`ed (and thus missing from `process.getActiveResourcesInfo()`) are included, and
 * it reports the stack that created each.
 */
import { createHook } from "node:async_hooks";
import { until } from "./until.js";

const KINDS: ReadonlySet<string> = new Set([
  "TCPWRAP",
  "TCPSERVERWRAP",
  "PIPEWRAP",
  "PIPESERVERWRAP",
  "UDPWRAP",
  "Timeout",
  "Immediate",
]);
const FRAMES = 30;

/** A watch that {@link watchLeaks} has started. */
export interface LeakWatch {
  /** Return what is open now: type and creating stack of each. */
  open(): string[];
  /**
   * Wait until everything is closed, and end the watch.
   *
   * @param options - `timeout` in ms, for asynchronous closing.
   * @throws Error that lists what is still open, with the creating stacks.
   */
  assertNone(options?: { timeout?: number }): Promise<void>;
  /** End the watch without a check. */
  stop(): void;
}

/**
 * Watch sockets, listening servers and timers that the library or the test creates from now on; those of
 * packages, such as the test runner, are ignored.
 *
 * @param only - Part of a path that must occur in the creating stack, such as `"/src/"`.
 * @returns The watch.
 */
export function watchLeaks(only = ""): LeakWatch {
  const resources = new Map<number, string>();
  const hook = createHook({
    init(id, kind) {
      if (!KINDS.has(kind)) return;
      const frames = userFrames();
      const from = frames.some((frame) => isFrom(frame, only)) || (only === "" && !frames[0]);
      if (isOurs(kind, frames[0]) && from) resources.set(id, `${kind}\n${frames.join("\n")}`);
    },
    destroy: (id) => void resources.delete(id),
  });
  hook.enable();
  const open = () => [...resources.values()];
  const stop = () => void hook.disable();
  return {
    open,
    stop,
    assertNone: async ({ timeout = 2_000 } = {}) => {
      const message = () => `still open:\n${open().join("\n")}`;
      await until(() => resources.size === 0, { timeout, message }).finally(stop);
    },
  };
}

/** A watch of the client's resources excludes test servers. */
function isFrom(frame: string, only: string): boolean {
  return frame.includes(only) && (only === "" || !frame.includes("/src/testing/"));
}

/** Decide by the creating stack; a listening socket is created in a later turn, without frames of its caller. */
function isOurs(kind: string, creator: string | undefined): boolean {
  if (creator === undefined) return kind !== "Timeout" && kind !== "Immediate";
  // The polls of until.ts, including those of assertNone, are not leaks.
  return !creator.includes("/src/testing/until.ts") && !creator.includes("/node_modules/");
}

/** Return the stack above the hook without Node's frames, innermost first. */
function userFrames(): string[] {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  Error.stackTraceLimit = before;
  const places = lines.filter((line) => !/node:|<anonymous>\)?$/.test(line));
  return places.filter((line) => !line.includes("/test/support/leaks.ts"));
}
