/**
 * The configuration file of a test server: no persistence, loopback only, plus the options of the test.
 */
import type { Certificates } from "./certificates.js";
import { LOOPBACK } from "./ports.js";

/** Options of a local server. */
export interface LocalServerOptions {
  /** The program and its first arguments; some servers are started by a loader. */
  readonly program: readonly string[];
  /** Additional command-line arguments. */
  readonly args?: readonly string[];
  /** Configuration directives, unquoted; an array of values becomes several lines. */
  readonly config?: Readonly<Record<string, string | readonly string[]>>;
  /** Also listen on a TLS port with these certificates; client certificates are optional by default. */
  readonly certificates?: Certificates;
  /** Also listen on a unix socket. */
  readonly unixSocket?: boolean;
  /** Password of the default user. */
  readonly password?: string;
  /** ACL users, each as `"alice on >pw ~* +@all"`; `command()` then uses a separate user. */
  readonly acl?: readonly string[];
  /** The master to replicate; the server is ready when the replication link is up. */
  readonly replicaOf?: { readonly host: string; readonly port: number; readonly password?: string };
  /** Run as a node of a cluster. */
  readonly cluster?: boolean;
  /** Run as a Sentinel. */
  readonly sentinel?: boolean;
}

/** Folder and addresses of a server. */
export interface Layout {
  readonly dir: string;
  readonly port: number;
  readonly tlsPort?: number;
  /** Port of the cluster bus. */
  readonly busPort?: number;
  readonly unixPath?: string;
}

/** Name, user and password of the connection that tests use to inspect a server. */
export const SUPPORT_NAME = "support";
export const SUPPORT_PASSWORD = "support-only";

type Line = readonly [name: string, value: string];

/** No persistence, DEBUG enabled, and replicas synchronise without the default delay. */
const DATA_SERVER_LINES: readonly Line[] = [
  ["save", ""],
  ["appendonly", "no"],
  ["enable-debug-command", "yes"],
  ["repl-diskless-sync-delay", "0"],
];

/**
 * Create the text of a configuration file.
 *
 * @param options - Options of the server.
 * @param layout - Folder and addresses of the server.
 */
export function configurationOf(options: LocalServerOptions, layout: Layout): string {
  const lines: Line[] = [
    ["bind", `${LOOPBACK} -::1`],
    ["port", String(layout.port)],
    ["dir", layout.dir],
    ...(options.sentinel ? [] : DATA_SERVER_LINES),
    ...transportLines(options, layout),
    ...clusterLines(layout),
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

function clusterLines({ busPort }: Layout): Line[] {
  if (busPort === undefined) return [];
  // The default port of the bus is 10000 higher, which may be out of range.
  return [
    ["cluster-enabled", "yes"],
    ["cluster-config-file", "nodes.conf"],
    ["cluster-port", String(busPort)],
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
