/**
 * What tests of locks on a real server share. Importing this module registers the hooks: each test gets a
 * client and a name of a lock that no other test uses.
 */
import { afterEach, beforeEach } from "vitest";
import { Redis } from "../../src/index.js";
import { expectLeasesReturned } from "./returned-leases.js";
import { sharedServer, uniquePrefix } from "./server.js";

expectLeasesReturned();

export const server = await sharedServer();

/** Send a command without the client under test. */
export const ask = (...words: string[]) => server.command(...words);

/** The client of the running test. */
export let redis: Redis;
/** The name of the lock of the running test. */
export let name: string;

beforeEach(() => {
  redis = new Redis(server.url);
  name = uniquePrefix();
});
afterEach(async () => {
  await redis.close();
});

/** Make the tests of the present `describe` use a protocol. */
export function useProtocol(protocol: 2 | 3): void {
  beforeEach(() => {
    redis = new Redis(server.url, { protocol });
  });
}

/** Let another holder take the lock. */
export const steal = () => ask("SET", name, "another holder");
