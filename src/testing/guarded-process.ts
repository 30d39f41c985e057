/**
 * Owns child processes that may not outlive this one. A worker of a test runner can be killed with
 * SIGKILL, so no exit hook is enough: each child gets a guard, a tiny shell that waits for the end of
 * a pipe only we hold, and then kills the child and removes its folder.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { Socket } from "node:net";

/** A child process under guard. */
export interface GuardedProcess {
  readonly pid: number;
  /** Everything it has printed (the last part, when that is a lot). */
  output(): string;
  /** Resolves when it has ended, however. */
  readonly exited: Promise<void>;
  /** Whether it has ended. */
  readonly gone: boolean;
  kill(signal: NodeJS.Signals): void;
  /** Kill it and wait for its end. */
  end(): Promise<void>;
}

const OUTPUT_LIMIT = 256 * 1024;
const GUARD = 'read -r _; kill -9 "$1"; rm -rf "$2"';

/**
 * Start a program that is killed when this process ends, however it ends.
 *
 * @param command - The program and its arguments.
 * @param dir - Its working folder, removed by the guard (not by `end`).
 * @returns The running process. It does not keep this process alive.
 * @throws Error when the program cannot be started.
 */
export async function startGuarded(
  command: readonly string[],
  dir: string,
): Promise<GuardedProcess> {
  const [program, ...args] = command;
  if (program === undefined) throw new Error("an empty command");
  const child = spawn(program, args, { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });
  if (child.pid === undefined) {
    const [cause] = await once(child, "error");
    throw new Error(`cannot start ${program}`, { cause });
  }
  const guard = spawn("sh", ["-c", GUARD, "guard", String(child.pid), dir], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  letGo(guard);
  letGo(child);
  return watch(child, guard, child.pid);
}

/**
 * Remove a temporary folder.
 *
 * @param dir - Its path; it may be gone already.
 */
export function removeFolder(dir: string): Promise<void> {
  // A killed program can still be closing a file in there.
  return rm(dir, { recursive: true, force: true, maxRetries: 5 });
}

function watch(child: ChildProcess, guard: ChildProcess, pid: number): GuardedProcess {
  let output = "";
  let gone = false;
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-OUTPUT_LIMIT);
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => {
      gone = true;
      // Its number may soon belong to somebody else: the guard must not act on it any more.
      guard.kill("SIGKILL");
      resolve();
    });
  });
  return {
    pid,
    exited,
    output: () => output,
    get gone() {
      return gone;
    },
    kill: (signal) => void child.kill(signal),
    end: async () => {
      child.ref();
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Keep neither the child nor its pipes from letting this process end. */
function letGo(child: ChildProcess): void {
  child.unref();
  for (const pipe of child.stdio) if (pipe instanceof Socket) pipe.unref();
}
