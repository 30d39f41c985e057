/**
 * Owns the seam between commands and connections: who carries requests out. A pool does, over shared
 * connections; a session does, over one of its own. Nobody above needs to know which.
 */
import type { Arg } from "../commands/core/info.js";
import type { Request } from "../connection/request.js";

/** Carries requests out; every request it is given settles. */
export interface Executor {
  /** Whether the connection belongs to one user alone, so that its state may be changed. */
  readonly exclusive: boolean;
  /** Run a request. */
  execute(request: Request): void;
  /** Run a request that may block the server, in nobody else's way. */
  executeExclusively(request: Request): void;
  /** Take note of the database a command selected, to restore it on another connection. */
  onDatabaseSelected?(db: Arg | undefined): void;
}
