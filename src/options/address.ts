/**
 * The address of a server, and the ways it is printed.
 */

/** Whether two addresses are the same. */
export function sameAddress(one: Address, other: Address | undefined): boolean {
  return other !== undefined && formatAddress(one) === formatAddress(other);
}

/** Print an address as users know it: `localhost:6379`, `unix:/run/redis.sock`. */
export function formatAddress(address: Address): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return address.host.includes(":")
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}

/** Print an address as redis-py's inspect strings have it: `host=localhost,port=6379`. */
export function addressFields(address: Address): string {
  if (address.kind === "unix") return `path=${address.path}`;
  return `host=${address.host},port=${address.port}`;
}

/** Where a server is. */
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
