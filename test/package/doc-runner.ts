/**
 * The process in which the documentation blocks run one after the other. docs.test.ts starts it and sends
 * blocks; it reports what was printed, which values were recorded, and errors. Imports only Node modules,
 * because it is compiled alone and run without a bundle.
 */
import net from "node:net";
import { TLSSocket } from "node:tls";
import { pathToFileURL } from "node:url";
import { format, inspect } from "node:util";

/** Private servers behind the ports used in the documentation. */
export interface Redirects {
  readonly plain: number;
  readonly tls: number;
  readonly sentinel: number;
  readonly cluster: number;
  readonly unixSocket: string;
}

/** A block to run. */
export interface Task {
  readonly file: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Result of a block. */
export interface Outcome {
  readonly printed: string[];
  /** Recorded values as printed text, by the name of the statement. */
  readonly seen: [id: string, printed: string][];
  /** The thrown error, if any. */
  readonly error: string | undefined;
}

const WHOLE = {
  breakLength: Number.POSITIVE_INFINITY,
  compact: true,
  depth: Number.POSITIVE_INFINITY,
  maxArrayLength: Number.POSITIVE_INFINITY,
  maxStringLength: Number.POSITIVE_INFINITY,
} as const;

const PORTS = JSON.parse(process.argv[2] ?? "{}") as Redirects;

interface Target {
  port?: number;
  host?: string;
  path?: string;
}

function redirect(target: Target, isTls: boolean): void {
  if (target.path !== undefined) {
    target.path = PORTS.unixSocket;
    return;
  }
  const known = new Map([
    [6379, isTls ? PORTS.tls : PORTS.plain],
    [6380, isTls ? PORTS.tls : PORTS.plain],
    [7000, PORTS.cluster],
    [7001, PORTS.cluster],
    [26379, PORTS.sentinel],
  ]);
  const port = known.get(target.port ?? 0);
  if (port === undefined) return;
  target.port = port;
  target.host = "127.0.0.1";
}

/** Every connection goes through this function, whatever the form of its arguments. */
function redirectSockets(): void {
  const { connect } = net.Socket.prototype;
  const replacement = function (this: net.Socket, ...args: unknown[]): net.Socket {
    const [first] = args;
    const target: unknown = Array.isArray(first) ? first[0] : first;
    const changed: Target = { ...(target as Target) };
    redirect(changed, this instanceof TLSSocket);
    if (Array.isArray(first)) first[0] = changed;
    else args[0] = changed;
    return Reflect.apply(connect, this, args) as net.Socket;
  };
  net.Socket.prototype.connect = replacement as typeof connect;
}

let current: { printed: string[]; seen: [string, string][]; fail(error: unknown): void };

function report(id: string, value: unknown): unknown {
  current.seen.push([id, inspect(value, WHOLE)]);
  return value;
}

async function run({ file, timeout }: Task): Promise<Outcome> {
  const printed: string[] = [];
  const seen: [string, string][] = [];
  let timer: NodeJS.Timeout | undefined;
  const failure = new Promise<unknown>((resolve) => {
    current = { printed, seen, fail: resolve };
    timer = setTimeout(() => resolve(`still running after ${timeout} ms`), timeout);
  });
  const url = pathToFileURL(file).href;
  const success = import(url)
    .then((module: { default?: unknown }) => module.default)
    .then(() => undefined);
  const error = await Promise.race([success, failure]).catch((reason: unknown) => reason);
  clearTimeout(timer);
  return { printed, seen, error: error === undefined ? undefined : inspect(error) };
}

redirectSockets();
Object.assign(globalThis, { reportToDocsTest: report });
for (const method of ["log", "info", "warn", "error"] as const) {
  console[method] = (...args: unknown[]) => {
    current.printed.push(...format(...args).split("\n"));
  };
}
process.on("uncaughtException", (error) => current.fail(error));
process.on("unhandledRejection", (error) => current.fail(error));
process.on("message", (task) => {
  void run(task as Task).then((outcome) => process.send?.(outcome));
});
