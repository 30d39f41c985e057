/**
 * Owns the addresses of the real servers this worker has started, so that calls of them can be told
 * from calls of a scripted one.
 */

const addresses = new Set<string>();

/** Note that a real server listens on a port of the loopback address, or on a unix socket. */
export function addRealServer(...places: readonly (number | string | undefined)[]): void {
  for (const place of places) if (place !== undefined) addresses.add(String(place));
}

/** Whether what listens there is a real server. */
export function isRealServer(place: number | string): boolean {
  return addresses.has(String(place));
}
