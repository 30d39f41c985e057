/**
 * Addresses of the real servers that this worker has started, so that calls to them can be distinguished from
 * calls to a scripted server.
 */

const addresses = new Set<string>();

/** Record that a real server listens on a port of the loopback address, or on a unix socket. */
export function addRealServer(...places: readonly (number | string | undefined)[]): void {
  for (const place of places) if (place !== undefined) addresses.add(String(place));
}

/** Whether a real server listens at this address. */
export function isRealServer(place: number | string): boolean {
  return addresses.has(String(place));
}
