/**
 * The two address sources of a Sentinel deployment: the master, and the replicas in turn. Every new
 * connection is verified with ROLE before it is used, because the server's own report counts for more than
 * what the Sentinels report about it.
 */
import { isUint8Array } from "node:util/types";
import type { AddressConsumer, AddressSource, Probe } from "../connection/address-source.js";
import { internalCommand } from "../connection/internal-request.js";
import {
  ConnectionError,
  NoPermissionError,
  type Outcome,
  ReadOnlyError,
  RedisError,
} from "../errors.js";
import type { Address } from "../options/address.js";
import { formatAddress, sameAddress } from "../options/address.js";
import type { Reply } from "../protocol/reply.js";
import { sleep } from "../util/abort.js";
import type { FailoverListener, FailoverMonitor } from "./failover-monitor.js";
import { replicaNotFound } from "./queries.js";
import { MAX_REPLICAS } from "./reports.js";

const ROLE = internalCommand("ROLE");
/** ms between ROLE commands to a replica that is being promoted. */
const POLL_INTERVAL = 5;

/** A script may write first and then return a READONLY error itself. */
const SCRIPT_COMMANDS: ReadonlySet<string> = new Set(["EVAL", "EVALSHA", "FCALL"]);

/** Codes of a replica that serves nothing: it has lost its master, or loads its data. */
const UNAVAILABLE: ReadonlySet<string> = new Set(["MASTERDOWN", "LOADING"]);

type Role = "master" | "slave";

/** Most failed addresses of replicas that are remembered: as many as a Sentinel's list may have. */
const MAX_FAILURES = MAX_REPLICAS;

/** Read the first element of a reply to ROLE. It is not shown, because a server may send anything. */
function roleIn(reply: Reply): "master" | "slave" | "sentinel" | undefined {
  const word = Array.isArray(reply) ? reply[0] : undefined;
  if (!(isUint8Array(word) || typeof word === "string") || word.length > 8) return undefined;
  const role = word.toString();
  return role === "master" || role === "slave" || role === "sentinel" ? role : undefined;
}

/** Read the role of a server; `undefined` when the ACL user may not run ROLE. */
async function roleOf(probe: Probe): Promise<Role | undefined> {
  const reply: Reply = await probe.ask(ROLE);
  if (reply instanceof NoPermissionError) return undefined;
  if (reply instanceof RedisError) throw reply;
  const role = roleIn(reply);
  if (role === "master" || role === "slave") return role;
  throw wrongRole(probe, "a master or a replica", `a ${role ?? "server without a role"}`);
}

function wrongRole({ address }: Probe, expected: string, actual: string): ConnectionError {
  const server = formatAddress(address);
  const message = `${server} is ${actual}; ${expected} is required`;
  return new ConnectionError(message, { code: "EROLE", server });
}

/** Common part: registers with the monitor while the pool is in use. */
abstract class SentinelSource implements FailoverListener {
  readonly description: string;
  readonly limitsWaits = true;
  protected readonly monitor: FailoverMonitor;
  /** ms; how long a Sentinel may take to answer. */
  protected readonly queryTimeout: number;
  protected consumer: AddressConsumer | undefined = undefined;

  constructor(monitor: FailoverMonitor, queryTimeout: number, role: Role) {
    this.monitor = monitor;
    this.queryTimeout = queryTimeout;
    this.description = `service=${monitor.name}(${role})`;
  }

  attach(consumer: AddressConsumer): void {
    this.consumer = consumer;
  }

  detach(): void {
    this.consumer = undefined;
    this.monitor.removeListener(this);
  }

  abstract onFailoverStarted(next: Address, error: ConnectionError): void;
  abstract onFailoverAborted(next: Address, error: ConnectionError): void;
  abstract onMasterChanged(master: Address, error: ConnectionError): void;
  abstract onReplicasChanged(replicas: readonly Address[], error: ConnectionError): void;
}

/** Returns the address of the master. */
export class MasterSource extends SentinelSource implements AddressSource {
  constructor(monitor: FailoverMonitor, queryTimeout: number) {
    super(monitor, queryTimeout, "master");
  }

  resolve(signal: AbortSignal): Promise<Address> {
    this.monitor.addListener(this);
    return this.monitor.locate(signal, this.queryTimeout);
  }

  async verify(probe: Probe): Promise<void> {
    const { address, signal } = probe;
    while ((await roleOf(probe)) === "slave") {
      if (!this.monitor.isPromoting(address)) throw wrongRole(probe, "a master", "a replica");
      await sleep(POLL_INTERVAL, signal);
    }
    this.monitor.markConfirmed(address);
  }

  classifyError(_address: Address, error: RedisError): Outcome | undefined {
    if (!(error instanceof ReadOnlyError)) return undefined;
    return SCRIPT_COMMANDS.has(error.command ?? "") ? "unknown" : "not-sent";
  }

  report(address: Address): void {
    this.monitor.markSuspect(address);
  }

  onFailoverStarted(next: Address, error: ConnectionError): void {
    this.consumer?.drain((address) => !sameAddress(address, next), error, false);
  }

  onFailoverAborted(next: Address, error: ConnectionError): void {
    this.consumer?.drain((address) => sameAddress(address, next), error, false);
  }

  onMasterChanged(master: Address, error: ConnectionError): void {
    this.consumer?.drain((address) => !sameAddress(address, master), error, true);
  }

  onReplicasChanged(): void {}
}

/** Returns the replicas in turn, and the master when none of them can be used. */
export class ReplicaSource extends SentinelSource implements AddressSource {
  /** Random start, so that not all clients begin with the same replica. */
  #turn = Math.floor(Math.random() * 2 ** 16);
  /** Errors by address, since the last successful connection. */
  readonly #failures = new Map<string, Error>();
  /** Addresses in `#failures` that failed only because a master answered: one of them may serve. */
  readonly #masters = new Set<string>();
  /** The master, when it was returned in place of a replica. */
  #fallbackMaster: Address | undefined = undefined;

  constructor(monitor: FailoverMonitor, queryTimeout: number) {
    super(monitor, queryTimeout, "slave");
  }

  async resolve(signal: AbortSignal): Promise<Address> {
    this.monitor.addListener(this);
    const replicas = await this.monitor.replicas(this.queryTimeout);
    // Each Sentinel lists the replicas in its own order.
    const sorted = replicas.toSorted((a, b) => (formatAddress(a) < formatAddress(b) ? -1 : 1));
    for (const _ of sorted) {
      const address = sorted[this.#turn++ % sorted.length];
      if (address !== undefined && this.#isUsable(address)) return address;
    }
    return this.#resolveMaster(signal);
  }

  async verify(probe: Probe): Promise<void> {
    const role = await roleOf(probe);
    if (role === "master" && !sameAddress(probe.address, this.#fallbackMaster)) {
      this.#masters.add(formatAddress(probe.address));
      throw wrongRole(probe, "a replica", "a master");
    }
    this.#forgetFailures();
  }

  classifyError(_address: Address, error: RedisError): Outcome | undefined {
    return UNAVAILABLE.has(error.code) ? "not-sent" : undefined;
  }

  report(address: Address, error: RedisError): void {
    if (this.#failures.size >= MAX_FAILURES) this.#forgetFailures();
    this.#failures.set(formatAddress(address), error);
    if (error.code !== "EROLE") this.#masters.delete(formatAddress(address));
  }

  onFailoverStarted(): void {}

  onFailoverAborted(): void {}

  onMasterChanged(master: Address, error: ConnectionError): void {
    this.consumer?.drain((address) => sameAddress(address, master), error, false);
  }

  onReplicasChanged(replicas: readonly Address[], error: ConnectionError): void {
    const isRemoved = (address: Address): boolean =>
      !replicas.some((replica) => sameAddress(replica, address));
    this.consumer?.drain(isRemoved, error, false);
  }

  /** While Sentinels reconfigure replicas after a failover, they list the new master among them. */
  #isUsable(address: Address): boolean {
    return !this.#failures.has(formatAddress(address)) && !this.monitor.isMaster(address);
  }

  #forgetFailures(): void {
    this.#failures.clear();
    this.#masters.clear();
  }

  async #resolveMaster(signal: AbortSignal): Promise<Address> {
    const { name } = this.monitor;
    try {
      const address = await this.monitor.locate(signal, this.queryTimeout);
      const key = formatAddress(address);
      if (!this.#failures.has(key) || this.#masters.has(key)) {
        this.#masters.delete(key);
        this.#fallbackMaster = address;
        return address;
      }
    } catch (cause) {
      this.#forgetFailures();
      throw replicaNotFound(name, cause);
    }
    const failures = [...this.#failures.values()];
    this.#forgetFailures();
    throw replicaNotFound(name, new AggregateError(failures, "No replica or master could be used"));
  }
}
