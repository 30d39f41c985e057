/** Scripted servers for tests of the client-side cache: the handshake of a client with a cache, and invalidations. */
import type { ClientOptions, Redis } from "../../src/index.js";
import { type MockServer, mockServer, type Script } from "./mock-server.js";
import { bulks } from "./resp.js";
import { clientOf, type Target } from "./wire-clients.js";

/** Write an invalidation of keys, or of all keys. */
export function invalidation(keys: readonly string[] | null): string {
  return `>2\r\n$10\r\ninvalidate\r\n${keys === null ? "_\r\n" : bulks(keys)}`;
}

/** Start a server that replies to the handshake of a client with a cache. */
export function cacheServer(script: Script | readonly Script[]): Promise<MockServer> {
  return mockServer(script, { handshake: { replies: { "CLIENT TRACKING": "+OK\r\n" } } });
}

/** Create a client with a cache. */
export function cachingClient(target: Target, options: ClientOptions = {}): Redis {
  return clientOf(target, { cache: true, ...options });
}
