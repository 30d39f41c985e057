/** The protocol versions that every test against a server runs under. */
import { describe } from "vitest";

/** The RESP versions that the client supports. */
export const PROTOCOLS = [2, 3] as const;

/** One of {@link PROTOCOLS}. */
export type Protocol = (typeof PROTOCOLS)[number];

/**
 * Declare one `describe` block per protocol.
 *
 * @param title - Title of the block; the protocol is appended.
 * @param body - Declares the tests for one protocol.
 */
export function describeProtocols(title: string, body: (protocol: Protocol) => void): void {
  for (const protocol of PROTOCOLS) describe(`${title} (RESP${protocol})`, () => body(protocol));
}
