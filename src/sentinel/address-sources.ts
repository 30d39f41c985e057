/**
 * Owns the two ways to choose a server of a Sentinel deployment: the master, or one of the replicas in
 * turn. A server is asked for its role before anybody gets a connection to it; what it says counts
 * for more than what Sentinels say of it.
 */
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
import type { FailoverListener, MasterService } from "./master-service.js";
import { replicaNotFound } from "./queries.js";

const ROLE = internalCommand("ROLE");
/** ms between questions to a replica that is being promoted. */
const POLL = 5;

/** They may give an error of their own making after they have written. */
const SCRIPTS: ReadonlySet<string> = new Set(["EVAL", "EVALSHA", "FCALL"]);

type Role = "master" | "slave";

/** Ask a server what it is; `undefined` when it may not say. */
async function roleOf(probe: Probe): Promise<Role | undefined> {
  const reply: Reply = await probe.ask(ROLE);
  if (reply instanceof NoPermissionError) return undefined;
  if (reply instanceof RedisError) throw reply;
  const word = Array.isArray(reply) ? String(reply[0]) : "";
  if (word === "master" || word === "slave") return word;
  throw wrongRole(probe, `a ${word || "server"} without a role`);
}

function wrongRole({ address }: Probe, role: string): ConnectionError {
  const server = formatAddress(address);
  return new ConnectionError(`${server} is ${role}, which is not what was looked for`, {
    code: "EROLE",
    server,
  });
}

/** What both have in common: a service to ask, and one pool to tell. */
abstract class Source implements FailoverListener {
  readonly description: string;
  protected readonly service: MasterService;
  /** ms; how long Sentinels may take for an answer. */
  protected readonly limit: number;
  protected user: AddressConsumer | undefined = undefined;

  constructor(service: MasterService, limit: number, role: Role) {
    this.service = service;
    this.limit = limit;
    this.description = `service=${service.name}(${role})`;
  }

  attach(user: AddressConsumer): void {
    this.user = user;
  }

  detach(): void {
    this.user = undefined;
    this.service.quit(this);
  }

  abstract onFailoverStarted(next: Address, error: ConnectionError): void;
  abstract onFailoverAborted(next: Address, error: ConnectionError): void;
  abstract onMasterChanged(master: Address, error: ConnectionError): void;
  abstract onReplicasChanged(replicas: readonly Address[], error: ConnectionError): void;
}

/** Names the master. */
export class MasterSource extends Source implements AddressSource {
  constructor(service: MasterService, limit: number) {
    super(service, limit, "master");
  }

  resolve(signal: AbortSignal): Promise<Address> {
    this.service.join(this);
    return this.service.locate(signal, this.limit);
  }

  async verify(probe: Probe): Promise<void> {
    const { address, signal } = probe;
    while ((await roleOf(probe)) === "slave") {
      if (!this.service.isPromoting(address)) throw wrongRole(probe, "a replica");
      await sleep(POLL, signal);
    }
    this.service.markConfirmed(address);
  }

  failed(address: Address): void {
    this.service.markSuspect(address);
  }

  disowns(address: Address, error: RedisError): Outcome | undefined {
    if (!(error instanceof ReadOnlyError)) return undefined;
    this.service.markSuspect(address);
    return SCRIPTS.has(error.command ?? "") ? "unknown" : "not-sent";
  }

  onFailoverStarted(next: Address, error: ConnectionError): void {
    this.user?.drain((address) => !sameAddress(address, next), error, false);
  }

  onFailoverAborted(next: Address, error: ConnectionError): void {
    this.user?.drain((address) => sameAddress(address, next), error, false);
  }

  onMasterChanged(master: Address, error: ConnectionError): void {
    this.user?.drain((address) => !sameAddress(address, master), error, true);
  }

  onReplicasChanged(): void {}
}

/** Names the replicas one after the other, and the master when none of them can be used. */
export class ReplicaSource extends Source implements AddressSource {
  /** Starts anywhere, so that not all clients begin with the same replica. */
  #turn = Math.floor(Math.random() * 2 ** 16);
  /** What became of those tried since a connection was made last. */
  readonly #failures = new Map<string, Error>();
  /** The master, when it was named in place of a replica. */
  #substitute: Address | undefined = undefined;

  constructor(service: MasterService, limit: number) {
    super(service, limit, "slave");
  }

  async resolve(signal: AbortSignal): Promise<Address> {
    this.service.join(this);
    const replicas = await this.service.replicas(this.limit);
    // Each Sentinel has an order of its own.
    const sorted = replicas.toSorted((a, b) => (formatAddress(a) < formatAddress(b) ? -1 : 1));
    for (const _ of sorted) {
      const address = sorted[this.#turn++ % sorted.length];
      if (address !== undefined && !this.#failures.has(formatAddress(address))) return address;
    }
    return this.#master(signal);
  }

  async verify(probe: Probe): Promise<void> {
    const role = await roleOf(probe);
    if (role === "master" && !sameAddress(probe.address, this.#substitute)) {
      throw wrongRole(probe, "a master");
    }
    this.#failures.clear();
  }

  failed(address: Address, error: RedisError): void {
    this.#failures.set(formatAddress(address), error);
  }

  onFailoverStarted(): void {}

  onFailoverAborted(): void {}

  onMasterChanged(master: Address, error: ConnectionError): void {
    this.user?.drain((address) => sameAddress(address, master), error, false);
  }

  onReplicasChanged(replicas: readonly Address[], error: ConnectionError): void {
    const isLeft = (address: Address): boolean =>
      !replicas.some((replica) => sameAddress(replica, address));
    this.user?.drain(isLeft, error, false);
  }

  async #master(signal: AbortSignal): Promise<Address> {
    const name = this.service.name;
    try {
      const address = await this.service.locate(signal, this.limit);
      if (!this.#failures.has(formatAddress(address))) {
        this.#substitute = address;
        return address;
      }
    } catch (cause) {
      this.#failures.clear();
      throw replicaNotFound(name, cause);
    }
    const failures = [...this.#failures.values()];
    this.#failures.clear();
    throw replicaNotFound(name, new AggregateError(failures, "No server could be used"));
  }
}
