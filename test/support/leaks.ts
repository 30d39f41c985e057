/**
 * Owns the proof that code under test leaves nothing open. It looks at what was created between two
 * points, so that sockets and timers that are `unref`ed (and thus missing from
 * `process.getActiveResourcesInfo()`) are seen as well, and names the place that made each.
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

/** A watch begun by {@link watchLeaks}. */
export interface LeakWatch {
  /** What is open now: kind and creating stack of each. */
  open(): string[];
  /**
   * Wait for everything to be closed, and end the watch.
   *
   * @param options - `timeout` in milliseconds, for what closes asynchronously.
   * @throws Error listing what is still open, with the stacks that made it.
   */
  assertNone(options?: { timeout?: number }): Promise<void>;
  /** End the watch without looking. */
  stop(): void;
}

/**
 * Watch sockets, listening servers and timers made from here on, by our code or the test's; those of
 * packages (the test runner's own) are left out.
 *
 * @param only - A part of the path that must occur in the creating stack, such as `"/src/"`.
 * @returns The watch.
 */
export function watchLeaks(only = ""): LeakWatch {
  const made = new Map<number, string>();
  const hook = createHook({
    init(id, kind) {
      if (!KINDS.has(kind)) return;
      const frames = userFrames();
      const from = frames.some((frame) => isFrom(frame, only)) || (only === "" && !frames[0]);
      if (isOurs(kind, frames[0]) && from) made.set(id, `${kind}\n${frames.join("\n")}`);
    },
    destroy: (id) => void made.delete(id),
  });
  hook.enable();
  const open = () => [...made.values()];
  const stop = () => void hook.disable();
  return {
    open,
    stop,
    assertNone: async ({ timeout = 2_000 } = {}) => {
      const message = () => `still open:\n${open().join("\n")}`;
      await until(() => made.size === 0, { timeout, message }).finally(stop);
    },
  };
}

/** Who asks for what the client made does not mean its test servers. */
function isFrom(frame: string, only: string): boolean {
  return frame.includes(only) && (only === "" || !frame.includes("/src/testing/"));
}

/** Judged by who created it; a listening socket is made in a later turn, without anybody's frames. */
function isOurs(kind: string, creator: string | undefined): boolean {
  if (creator === undefined) return kind !== "Timeout" && kind !== "Immediate";
  // The polls of until.ts, assertNone's own among them, are no leaks; packages mind their own.
  return !creator.includes("/src/testing/until.ts") && !creator.includes("/node_modules/");
}

/** The stack above the hook, without Node's own frames, innermost first. */
function userFrames(): string[] {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  Error.stackTraceLimit = before;
  const places = lines.filter((line) => !/node:|<anonymous>\)?$/.test(line));
  return places.filter((line) => !line.includes("/test/support/leaks.ts"));
}
