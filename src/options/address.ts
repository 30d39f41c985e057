/**
 * The address of a server and its text forms.
 */

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
