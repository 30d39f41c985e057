/**
 * Child processes that never outlive this process. A worker of a test runner may be killed with SIGKILL,
 * so an exit hook is not enough: each child has a guard, a shell that waits for the end of a pipe that
 * only this process holds, then kills the child and removes its folder.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { Socket } from "node:net";

/** A child process with a guard. */
export interface GuardedProcess {
  readonly pid: number;
  /** Return the output of the process, at most the last 256 KB. */
  output(): string;
  /** Resolves when the process has ended for any reason. */
  readonly exited: Promise<void>;
  /** Whether the process has ended. */
  readonly gone: boolean;
  /** Send a signal to the process. */
  kill(signal: NodeJS.Signals): void;
  /** Kill the process with SIGKILL and wait for its end. */
  end(): Promise<void>;
}

const OUTPUT_LIMIT = 256 * 1024;
const GUARD = 'read -r _; kill -9 "$1"; rm -rf "$2"';

/**
 * Start a program that is killed when this process ends for any reason.
 *
 * @param command - The program and its arguments.
 * @param dir - Its working folder, which the guard removes (`end` does not).
 * @returns The process. It does not keep this process alive.
 * @throws Error when the program cannot be started.
 */
export async function startGuarded(
  command: readonly string[],
  dir: string,
): Promise<GuardedProcess> {
  const [program, ...args] = command;
  if (program === undefined) throw new Error('argument "command" must not be empty');
  const child = spawn(program, args, { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });
  if (child.pid === undefined) {
    const [cause] = await once(child, "error");
    throw new Error(`cannot start ${program}`, { cause });
  }
  // Not by the PATH, which a program may have changed.
  const guard = spawn("/bin/sh", ["-c", GUARD, "guard", String(child.pid), dir], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  unref(guard);
  unref(child);
  return guardedProcess(child, guard, child.pid);
}

/**
 * Remove a temporary folder.
 *
 * @param dir - Its path; a missing folder is not an error.
 */
export function removeFolder(dir: string): Promise<void> {
  // A killed program may still be closing a file in the folder.
  return rm(dir, { recursive: true, force: true, maxRetries: 5 });
}

function guardedProcess(child: ChildProcess, guard: ChildProcess, pid: number): GuardedProcess {
  let output = "";
  let gone = false;
  const append = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-OUTPUT_LIMIT);
  };
  child.stdout?.on("data", append);
  child.stderr?.on("data", append);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => {
      gone = true;
      // The pid may be reused soon, so the guard must not use it any more.
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

/** Let this process end although the child and its pipes are open. */
function unref(child: ChildProcess): void {
  child.unref();
  for (const pipe of child.stdio) if (pipe instanceof Socket) pipe.unref();
}
