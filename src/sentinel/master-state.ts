/**
 * What is known about one master: its address, a promotion in progress, and an address under suspicion.
 * Every transition is synchronous, does no I/O and calls no listener; it returns the change to notify.
 */
import type { Address } from "../options/address.js";
import { sameAddress } from "../options/address.js";
import { realTime } from "../util/timers.js";
import type { MasterReport } from "./queries.js";

/** A transition that connections must follow. */
export type MasterChange =
  | { readonly type: "failover-started"; readonly next: Address }
  | { readonly type: "failover-aborted"; readonly next: Address }
  | { readonly type: "master-changed"; readonly master: Address };

interface KnownMaster {
  readonly address: Address;
  /** `undefined` after an event, until a Sentinel has reported the epoch of that failover. */
  readonly epoch: number | undefined;
  /** Moment (of `realTime()`) until which other Sentinels may still report the previous master. */
  readonly trustedUntil: number;
}

interface Promotion {
  readonly address: Address;
  /** Moment (of `realTime()`) at which it counts as failed. */
  readonly until: number;
}

/** ms; how long a selected replica may take to become the master. */
const PROMOTION_TIMEOUT = 3000;
/** ms; Sentinels exchange their state at least every two seconds. */
const TRUST = 5000;

/** The state of one master name. */
export class MasterState {
  #master: KnownMaster | undefined = undefined;
  #promotion: Promotion | undefined = undefined;
  /** Could not be reached, or was not a master, when it was last tried. */
  #suspect: Address | undefined = undefined;

  /**
   * Return the address to connect to if no Sentinel has to be queried for it: a replica being promoted,
   * or the master shortly after a failover. Drops a promotion that has timed out.
   */
  currentAddress(): Address | undefined {
    const now = realTime();
    if (this.#promotion !== undefined && now < this.#promotion.until)
      return this.#promotion.address;
    this.#promotion = undefined;
    const known = this.#master;
    const isTrusted = known !== undefined && now < known.trustedUntil;
    return isTrusted && !this.isSuspect(known.address) ? known.address : undefined;
  }

  /** Whether the address is the master's, or could be because no master is known yet. */
  mayBeMaster(address: Address): boolean {
    return this.#master === undefined || sameAddress(address, this.#master.address);
  }

  /** Whether the address is that of the master, as far as it is known. */
  isMaster(address: Address): boolean {
    return sameAddress(address, this.#master?.address);
  }

  /** Whether a replica at the address is expected to become the master. */
  isPromoting(address: Address): boolean {
    const promotion = this.#promotion;
    return (
      promotion !== undefined &&
      sameAddress(address, promotion.address) &&
      realTime() < promotion.until
    );
  }

  /** Whether the address failed when it was last tried. */
  isSuspect(address: Address): boolean {
    return sameAddress(address, this.#suspect);
  }

  /** Whether a Sentinel reports a master from before the last failover, as far as can be determined. */
  isStale(report: MasterReport): boolean {
    const known = this.#master;
    if (known === undefined || sameAddress(report.address, known.address)) return false;
    const { address, epoch = Number.POSITIVE_INFINITY, trustedUntil } = known;
    if (realTime() < trustedUntil) return report.epoch <= epoch;
    return report.epoch < epoch && !this.isSuspect(address);
  }

  // -- transitions ---------------------------------------------------------------------------

  /** The server could not be reached, or is not a master. */
  markSuspect(address: Address): void {
    this.#suspect = address;
  }

  /** The server itself reports that it is a master. */
  markConfirmed(address: Address): MasterChange | undefined {
    if (this.isSuspect(address)) this.#suspect = undefined;
    const isPromoted = sameAddress(address, this.#promotion?.address);
    return isPromoted ? this.changeMaster(address) : undefined;
  }

  /** A Sentinel reports a master, and the report is not stale. */
  accept({ address, epoch }: MasterReport): MasterChange | undefined {
    const known = this.#master;
    if (!this.isSuspect(address)) this.#suspect = undefined;
    if (known !== undefined && !sameAddress(address, known.address))
      return this.changeMaster(address, epoch);
    this.#master =
      known === undefined
        ? { address, epoch, trustedUntil: 0 }
        : { ...known, epoch: Math.max(epoch, known.epoch ?? 0) };
    return undefined;
  }

  /** A replica was selected to become the master: nothing more may be written to the present one. */
  startFailover(next: Address): MasterChange | undefined {
    if (this.isPromoting(next)) return undefined;
    this.#promotion = { address: next, until: realTime() + PROMOTION_TIMEOUT };
    return { type: "failover-started", next };
  }

  /** The selected replica will not become the master. */
  abortFailover(): MasterChange | undefined {
    const next = this.#promotion?.address;
    this.#promotion = undefined;
    return next && { type: "failover-aborted", next };
  }

  /** Another server is the master now. */
  changeMaster(address: Address, epoch?: number): MasterChange {
    this.#promotion = undefined;
    if (this.isSuspect(address)) this.#suspect = undefined;
    this.#master = { address, epoch, trustedUntil: realTime() + TRUST };
    return { type: "master-changed", master: address };
  }

  /** The Sentinels were configured again: their epochs start from the beginning. */
  resetEpoch(): void {
    if (this.#master !== undefined) this.#master = { ...this.#master, epoch: -1, trustedUntil: 0 };
  }

  /** Events are no longer received, so the end of a promotion would be missed. */
  dropPromotion(): void {
    this.#promotion = undefined;
  }
}
