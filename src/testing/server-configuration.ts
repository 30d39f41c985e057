/**
 * Owns what stands in the configuration file of a test server: nothing on disk, loopback only, and
 * what the test asked for.
 */
import type { Certificates } from "./certificates.js";
import { LOOPBACK } from "./ports.js";

/** What kind of server to start, and with which program. */
export interface LocalServerOptions {
  /** The program with its leading arguments; some servers are run by a loader of their own. */
  readonly program: readonly string[];
  /** More arguments for the command line. */
  readonly args?: readonly string[];
  /** Lines of the configuration file, unquoted; an array gives several lines of one name. */
  readonly config?: Readonly<Record<string, string | readonly string[]>>;
  /** Certificates: also listen on a TLS port; client certificates are optional unless `config` says otherwise. */
  readonly certificates?: Certificates;
  /** Also listen on a unix socket. */
  readonly unixSocket?: boolean;
  /** Password of the default user. */
  readonly password?: string;
  /** ACL users, each as `"alice on >pw ~* +@all"`; `command()` then runs as a user of its own. */
  readonly acl?: readonly string[];
  /** The master to replicate; the server counts as started when its link is up. */
  readonly replicaOf?: { readonly host: string; readonly port: number; readonly password?: string };
  /** Run as a Sentinel. */
  readonly sentinel?: boolean;
}

/** Where a server lives. */
export interface Layout {
  readonly dir: string;
  readonly port: number;
  readonly tlsPort?: number;
  readonly unixPath?: string;
}

/** Name and user of the connection with which a server is asked how it is. */
export const SUPPORT_NAME = "support";
export const SUPPORT_PASSWORD = "support-only";

type Line = readonly [name: string, value: string];

/** Nothing on disk; DEBUG for tests that need it; replicas synchronise without the usual delay. */
const DATA_SERVER_LINES: readonly Line[] = [
  ["save", ""],
  ["appendonly", "no"],
  ["enable-debug-command", "yes"],
  ["repl-diskless-sync-delay", "0"],
];

/**
 * Write a configuration file.
 *
 * @param options - What kind of server it is for.
 * @param layout - Where it lives.
 * @returns The text of the file.
 */
export function configurationOf(options: LocalServerOptions, layout: Layout): string {
  const lines: Line[] = [
    ["bind", `${LOOPBACK} -::1`],
    ["port", String(layout.port)],
    ["dir", layout.dir],
    ...(options.sentinel ? [] : DATA_SERVER_LINES),
    ...transportLines(options, layout),
    ...accessLines(options),
    ...replicationLines(options),
    ...Object.entries(options.config ?? {}).flatMap(([name, value]) =>
      [value].flat().map((line): Line => [name, line]),
    ),
  ];
  return lines.map(([name, value]) => `${name} ${value === "" ? '""' : value}\n`).join("");
}

function transportLines({ certificates }: LocalServerOptions, layout: Layout): Line[] {
  const { unixPath, tlsPort } = layout;
  const lines: Line[] = unixPath === undefined ? [] : [["unixsocket", unixPath]];
  if (tlsPort === undefined || certificates === undefined) return lines;
  return [
    ...lines,
    ["tls-port", String(tlsPort)],
    ["tls-cert-file", certificates.cert],
    ["tls-key-file", certificates.key],
    ["tls-ca-cert-file", certificates.ca],
    ["tls-auth-clients", "optional"],
  ];
}

function accessLines({ password, acl }: LocalServerOptions): Line[] {
  const lines: Line[] = password === undefined ? [] : [["requirepass", quoted(password)]];
  if (acl === undefined) return lines;
  const users = acl.map((user): Line => ["user", user.replace(/^user /, "")]);
  return [...lines, ...users, ["user", `${SUPPORT_NAME} on >${SUPPORT_PASSWORD} ~* &* +@all`]];
}

function replicationLines({ replicaOf }: LocalServerOptions): Line[] {
  if (replicaOf === undefined) return [];
  const lines: Line[] = [["replicaof", `${replicaOf.host} ${replicaOf.port}`]];
  return replicaOf.password === undefined
    ? lines
    : [...lines, ["masterauth", quoted(replicaOf.password)]];
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
