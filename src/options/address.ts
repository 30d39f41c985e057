/**
 * The address of a server, its text forms, which texts can be its host, and the check of an address that a
 * server reports. Pure.
 */
import { isIpv6 } from "../util/validate.js";

/** Address of a server: a host and port, or a unix socket. */
export type Address =
  | {
      /** A host and a port. */
      readonly kind: "tcp";
      /** Host name or IP address. */
      readonly host: string;
      /** Port, 1 to 65535. */
      readonly port: number;
    }
  | {
      /** A unix socket. */
      readonly kind: "unix";
      /** Path of the socket. */
      readonly path: string;
    };

/** Whether two addresses are equal. */
export function sameAddress(one: Address, other: Address | undefined): boolean {
  return other !== undefined && formatAddress(one) === formatAddress(other);
}

/** Format an address for messages: `localhost:6379`, `[::1]:6379`, `unix:/run/redis.sock`. */
export function formatAddress(address: Address): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return address.host.includes(":")
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}

/** Format an address as redis-py does in `repr()`: `host=localhost,port=6379`. */
export function addressFields(address: Address): string {
  if (address.kind === "unix") return `path=${address.path}`;
  return `host=${address.host},port=${address.port}`;
}

/** ASCII as in the names of DNS and of containers; letters of any script. */
const NAME_CHARACTERS = /^(?:[\w.-]|[^\p{ASCII}\p{Cc}\p{Cs}\p{Z}])+$/u;
const NAME_LABELS = /^[^.]{1,63}(?:\.[^.]{1,63})*\.?$/u;
const MAX_NAME = 253;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;
const FOUR_NUMBERS = /^\d+\.\d+\.\d+\.\d+$/;
const IPV6_WITH_ZONE = /^[\dA-Fa-f:.]{2,45}(?:%[\w.-]{1,32})?$/;

/**
 * Return why a text can be neither a host name nor an IP address, so that connecting to it never succeeds.
 *
 * @returns What the text is; `undefined` when it may be a host.
 */
export function hostFault(host: string): string | undefined {
  // Most nodes of clusters, of which there may be thousands.
  if (IPV4.test(host)) return undefined;
  if (host.includes(":")) {
    return IPV6_WITH_ZONE.test(host) && isIpv6(host) ? undefined : "a malformed IPv6 address";
  }
  if (host === "" || !NAME_CHARACTERS.test(host))
    return "a name with characters that hosts cannot have";
  if (host.replace(/\.$/, "").length > MAX_NAME)
    return `a name of more than ${MAX_NAME} characters`;
  if (!NAME_LABELS.test(host)) return "a name with an empty part or one of more than 63 characters";
  const isNoAddress = FOUR_NUMBERS.test(host) && host.split(".").some((part) => Number(part) > 255);
  return isNoAddress ? "a malformed IPv4 address" : undefined;
}

const PORT = /^\d{1,5}$/;

/**
 * Build an address from the host and port that a server reports.
 *
 * @returns `undefined` when they are not a host name or IP address and a port from 1 to 65535. Such an
 * address must never be connected to: without a host, Node connects to localhost.
 */
export function reportedAddress(host: unknown, port: unknown): Address | undefined {
  if (typeof host !== "string" || hostFault(host) !== undefined) return undefined;
  const number = typeof port === "string" && PORT.test(port) ? Number(port) : port;
  if (typeof number !== "number" || !Number.isInteger(number)) return undefined;
  return number >= 1 && number <= 65_535 ? { kind: "tcp", host, port: number } : undefined;
}
