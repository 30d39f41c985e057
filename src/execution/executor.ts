/**
 * The interface between commands and connections. A pool executes requests on shared connections, a
 * dedicated connection on one alone; code above this interface does not depend on which it has.
 */
import type { Arg, CommandInfo, Decoder } from "../commands/core/info.js";
import type { PushListener } from "../connection/push-router.js";
import type { Request } from "../connection/request.js";
import type { Address } from "../options/address.js";
import type { CallSettings } from "./call-settings.js";

/** A command with its arguments and its decoder. */
export interface Command {
  readonly info: CommandInfo;
  readonly args: readonly Arg[];
  readonly decode: Decoder | undefined;
}

/** Executes requests; every request it receives settles. */
export interface Executor {
  /** Whether the connection belongs to one user alone, so that commands may change its state. */
  readonly exclusive?: true;
  /** Whether requests go to the servers of their keys. */
  readonly severalServers?: true;
  /** Whether it must be notified when a write has settled: its client keeps replies. */
  readonly observesWrites?: boolean;
  /** Return the value of a read that the executor keeps, without a request; `undefined` when it keeps none. */
  answer?(command: Command, call: CallSettings): Promise<unknown> | undefined;
  /** Address of the server that ordinary commands go to; `undefined` when not yet resolved. */
  readonly address: Address | undefined;
  /** Execute a request. */
  execute(request: Request): void;
  /** Execute a request that may block the server, on a connection no other request waits for. */
  executeExclusively(request: Request): void;
  /** Execute a request that a server accepts while a script blocks it; default: like any other. */
  executeUrgently?(request: Request): void;
  /** Store the database a command selected, to restore it on a new connection. */
  onDatabaseSelected?(db: Arg | undefined): void;
  /** Set or remove the listener of a type of RESP3 pushes; absent when the connection is shared. */
  setPushListener?(type: string, listener: PushListener | undefined): void;
  /** Refuse new requests, let those under way finish, and release the connections. */
  close(): Promise<void>;
}
