/**
 * Owns the seam between commands and connections: who carries jobs out. A pool does, over shared
 * connections; a session does, over one of its own. Nobody above needs to know which.
 */
import type { Arg } from "./commands/info.js";
import type { Job } from "./connection/job.js";

/** Carries jobs out; every job it is given settles. */
export interface Executor {
  /** Whether the connection belongs to one user alone, so that its state may be changed. */
  readonly exclusive: boolean;
  /** Run a job. */
  execute(job: Job): void;
  /** Run a job that may block the server, in nobody else's way. */
  executeAlone(job: Job): void;
  /** Take note of the database a command selected, to restore it on another connection. */
  selected?(db: Arg | undefined): void;
}
