/** Which texts can be the host of a server, and that clients and Sentinels refuse all others before connecting. */
import { describe, expect, it } from "vitest";
import { DataError, Redis, Sentinel } from "../../../src/index.js";
import { hostFault, reportedAddress } from "../../../src/options/address.js";

const LABEL = "a".repeat(63);
const LONGEST = `${`${LABEL}.`.repeat(3)}${"a".repeat(61)}`;

const CHARACTERS = "a name with characters that hosts cannot have";
const LABELS = "a name with an empty part or one of more than 63 characters";

const HOSTS = [
  "localhost",
  "redis-1.example.com",
  "redis_1",
  "example.com.",
  "127.0.0.1",
  "127.1",
  "1.2.3.4.example",
  "redis.m\u00fcnchen.example",
  "\u0909\u0926\u093e\u0939\u0930\u0923.\u092a\u0930\u0940\u0915\u094d\u0937\u093e",
  LABEL,
  LONGEST,
  `${LONGEST}.`,
  "::1",
  "::ffff:127.0.0.1",
  "fe80::1%eth0",
];

const MALFORMED: readonly (readonly [host: string, fault: string])[] = [
  ...["a b", " a", "a\t", "a\n", "a\0b", "a\x7f", "a\x1b[2J", "a\u00a0b", "a\u2028", "a\ud800"].map(
    (host) => [host, CHARACTERS] as const,
  ),
  ...["a,b", "a;b", "a|b", "a\\b", "a%b", "$HOST", "<host>", "a*", "a+b", "(a)", "a=b", '"a"'].map(
    (host) => [host, CHARACTERS] as const,
  ),
  ...[".", "..", ".a", "a..b", "a..", `${LABEL}a`, `${LABEL}a.b`, `${"\u00fc".repeat(64)}.de`].map(
    (host) => [host, LABELS] as const,
  ),
  [`${LONGEST}a`, "a name of more than 253 characters"],
  ["a.".repeat(5000), "a name of more than 253 characters"],
  ["256.0.0.1", "a malformed IPv4 address"],
  ["1.2.3.999", "a malformed IPv4 address"],
  ["fe80::1%eth 0", "a malformed IPv6 address"],
  ["::1%", "a malformed IPv6 address"],
];

describe("host of a server", () => {
  it.each(HOSTS)("may be %j", (host) => {
    expect(hostFault(host)).toBeUndefined();
    expect(reportedAddress(host, 6379)).toEqual({ kind: "tcp", host, port: 6379 });
    for (const form of [host, `[${host}]`]) {
      const redis = new Redis({ host: form });
      expect(redis.connectionPool.settings.address).toEqual({ kind: "tcp", host, port: 6379 });
    }
  });

  it.each(MALFORMED)(
    "is refused by constructors, and ignored in lists of Sentinels: %j",
    (host, fault) => {
      expect(hostFault(host)).toBe(fault);
      expect(reportedAddress(host, 6379)).toBeUndefined();
      const makes = [
        () => new Redis({ host }),
        () => new Redis(host, 6379),
        () => new Sentinel([[host, 26_379]]),
        () => new Redis({ host: `[${host}]` }),
        ...(host.isWellFormed() && !host.includes(":")
          ? [() => new Redis(`redis://${encodeURIComponent(host)}`)]
          : []),
      ];
      for (const make of makes) {
        expect(make).toThrow(DataError);
        expect(make).toThrow(`must be a host name or IP address, got ${fault}`);
      }
    },
  );
});
