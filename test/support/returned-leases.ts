/**
 * Check of leases: in a test file that calls `expectLeasesReturned()`, every used pool must have all leased
 * connections back after each test, and when it is closed.
 */
import { inspect } from "node:util";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { ConnectionPool } from "../../src/pool/pool.js";

const used = new Set<ConnectionPool>();
const atClosing: string[] = [];

/** Numbers of connections in the inspect text of a pool. */
function counts(pool: ConnectionPool): string {
  return inspect(pool).replace(/^.*> /, "");
}

function recordUse(name: "execute" | "executeExclusively" | "lease"): void {
  const original = ConnectionPool.prototype[name] as (...args: unknown[]) => unknown;
  vi.spyOn(ConnectionPool.prototype, name).mockImplementation(function (
    this: ConnectionPool,
    ...args: unknown[]
  ) {
    used.add(this);
    return original.apply(this, args) as never;
  });
}

function recordClosing(): void {
  const original = ConnectionPool.prototype.close;
  vi.spyOn(ConnectionPool.prototype, "close").mockImplementation(function (this: ConnectionPool) {
    if (used.delete(this)) atClosing.push(counts(this));
    return original.call(this);
  });
}

/** Check after every test of this file that no used pool has a leased connection. */
export function expectLeasesReturned(): void {
  beforeEach(() => {
    for (const name of ["execute", "executeExclusively", "lease"] as const) recordUse(name);
    recordClosing();
  });
  afterEach(() => {
    const seen = [...atClosing.splice(0), ...[...used].map(counts)];
    used.clear();
    for (const text of seen) expect(text).toContain(" leased=0 ");
  });
}
