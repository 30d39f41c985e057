/**
 * The faults of the fault matrix: failures between client and server. A new row is one entry;
 * matrix.test.ts contains the checks of every combination.
 */
import { isConnectedTo } from "../client-sockets.js";
import type { FaultProxy } from "../fault-proxy.js";
import { settle } from "../settle.js";
import { until } from "../until.js";
import type { MatrixContext, MatrixOperation } from "./operations.js";

/** Possible results of an operation: its value, an error of the server, or an error with an outcome. */
export type Result = "ok" | "refused" | "not-sent" | "unknown";

/** The environment of a fault. */
export interface FaultEnvironment<C extends MatrixContext = MatrixContext> {
  readonly proxy: FaultProxy;
  readonly context: C;
  /** Bytes that the operation sends and receives without a fault; 0 before there is a connection. */
  readonly size: { readonly up: number; readonly down: number };
  /** Number of connections at the time of the fault. */
  readonly connections: number;
  /** Port of a server that never finishes loading its data. */
  readonly loading: number;
}

/** A failure between client and server. */
export interface Fault {
  readonly name: string;
  /** `"connecting"`: before there is a connection; `"live"`: on connections that have been used. */
  readonly when: "connecting" | "live";
  readonly inject: (environment: FaultEnvironment) => void | Promise<void>;
  /** Inject the fault in the same turn as the call. */
  readonly injectInSameTurn?: (environment: FaultEnvironment) => void;
  /** Inject the fault again after the operation was sent to the server, whose reply is held back. */
  readonly injectAfterRequest?: (environment: FaultEnvironment) => void;
  /** Inject the fault again while the server holds the operation. */
  readonly injectWhileHeld?: (environment: FaultEnvironment) => void;
  /** Wait until the client has noticed the fault, before it is used again. */
  readonly whenNoticed?: (environment: FaultEnvironment) => Promise<unknown>;
  /** Cut after the given number of bytes of the reply; called for every byte of it. */
  readonly injectAfterByte?: (environment: FaultEnvironment, bytes: number) => void;
  /** Possible results of operations under the fault. */
  readonly results: readonly Result[];
  /** Allowed error classes; default ConnectionError. */
  readonly errors?: readonly string[];
  /** All deadlines in ms: short where they end the operation. */
  readonly timeout?: number;
  /** Return why the fault does not apply to an operation, or undefined when it does. */
  readonly reasonToSkip?: (operation: MatrixOperation) => string | undefined;
  /** Remove the fault, in addition to clearing both directions. */
  readonly remove?: (environment: FaultEnvironment) => void | Promise<void>;
}

const SHORT_TIMEOUT = 250;
const EVERY_TIME = { times: 1000 };
const TIMEOUTS = ["TimeoutError", "ConnectionError"];
const INVALID = ["ConnectionError", "InvalidResponse"];
/** Length in bytes of EXEC and of some bytes before it. */
const EXEC_TAIL = 16;
const PUSH = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n";

/** The host is reachable again; it resets connections that it does not remember. */
function restore({ proxy }: FaultEnvironment): void {
  proxy.blackhole(false);
  proxy.cutAll("rst");
}

/** Existing connections stay stalled; new ones are served. */
function resumeAfter({ proxy }: FaultEnvironment, end: () => void): void {
  end();
  proxy.down.resume();
}

const hasNoMulti = ({ multi }: MatrixOperation): string | undefined =>
  multi ? undefined : "no MULTI";
const isNotHeld = ({ runHeld }: MatrixOperation): string | undefined =>
  runHeld === undefined ? "not blocked on the server" : undefined;
/** Bytes inserted into a status give another valid status: no client can detect that. */
const isStatus = ({ status }: MatrixOperation): string | undefined =>
  status ? "a status may be any text" : undefined;
const needsNoData = (operation: MatrixOperation): string | undefined =>
  operation.needsNoData ? "served while loading" : undefined;
const hasLongReplies = ({ isLong }: MatrixOperation): string | undefined =>
  isLong ? "hundreds of bytes" : undefined;
const isOneWay = ({ closes }: MatrixOperation): string | undefined =>
  closes ? "close() ends the connection" : undefined;

/** Wait until all connections are closed and the client has noticed. */
async function allNoticed({ proxy }: FaultEnvironment): Promise<void> {
  await until(() => proxy.connections === 0 && !isConnectedTo(proxy.port));
}

const CONNECTING: readonly Fault[] = [
  { name: "no fault", when: "connecting", inject: () => {}, results: ["ok"] },
  {
    name: "connection refused",
    when: "connecting",
    inject: ({ proxy }) => proxy.refuse(),
    remove: ({ proxy }) => proxy.accept(),
    results: ["not-sent"],
  },
  {
    name: "reset before the handshake",
    when: "connecting",
    inject: ({ proxy }) => proxy.down.cutAfter(0, EVERY_TIME),
    results: ["not-sent"],
  },
  {
    name: "reset once in the handshake",
    when: "connecting",
    inject: ({ proxy }) => proxy.up.cutAfter(20),
    results: ["ok"],
  },
  {
    name: "cut in every handshake",
    when: "connecting",
    inject: ({ proxy }) => proxy.down.cutAfter(3, { how: "fin", ...EVERY_TIME }),
    results: ["not-sent"],
  },
  {
    name: "stalled handshake",
    when: "connecting",
    inject: ({ proxy }) => proxy.down.stall(),
    results: ["not-sent"],
    errors: TIMEOUTS,
    timeout: SHORT_TIMEOUT,
  },
  {
    name: "black hole while connecting",
    when: "connecting",
    inject: ({ proxy }) => proxy.blackhole(),
    remove: restore,
    results: ["not-sent"],
    errors: TIMEOUTS,
    timeout: SHORT_TIMEOUT,
  },
  {
    name: "wrong password",
    when: "connecting",
    inject: ({ context }) => {
      context.credentials.password = "wrong";
    },
    remove: async ({ context: { credentials, redis, key } }) => {
      credentials.password = "right";
      // After a refusal the next attempt to connect follows a pause.
      await until(async () => {
        const read = await settle(redis.get(key));
        return read.ok || read.error.code === "ECLOSED";
      });
    },
    results: ["not-sent"],
    errors: ["AuthenticationError"],
  },
  {
    name: "LOADING",
    when: "connecting",
    inject: ({ proxy, loading }) => proxy.redirect({ port: loading }),
    remove: ({ proxy, context }) => {
      proxy.redirect({ port: context.port });
      proxy.cutAll("rst");
    },
    results: ["refused"],
    reasonToSkip: needsNoData,
    errors: ["BusyLoadingError"],
  },
];

const LOST: readonly Fault[] = [
  {
    name: "FIN while idle",
    when: "live",
    inject: ({ proxy }) => proxy.cutAll("fin"),
    results: ["ok", "unknown"],
  },
  {
    name: "RST while idle",
    when: "live",
    inject: ({ proxy }) => proxy.cutAll("rst"),
    results: ["ok", "unknown"],
  },
  {
    name: "connection lost and detected before the write",
    when: "live",
    inject: async (environment) => {
      environment.proxy.cutAll("rst");
      await allNoticed(environment);
    },
    results: ["ok"],
  },
  {
    name: "connection lost, then refused",
    when: "live",
    inject: async (environment) => {
      environment.proxy.refuse();
      environment.proxy.cutAll("rst");
      await allNoticed(environment);
    },
    remove: ({ proxy }) => proxy.accept(),
    results: ["not-sent"],
  },
  {
    name: "`disconnect()` in the same turn, before the write",
    when: "live",
    inject: () => {},
    injectInSameTurn: ({ context }) => context.client.disconnect(),
    results: ["not-sent"],
  },
  {
    name: "cut after 1 byte of the request",
    when: "live",
    inject: ({ proxy }) => proxy.up.cutAfter(1),
    results: ["unknown"],
  },
  {
    name: "cut in the middle of the request",
    when: "live",
    inject: ({ proxy, size }) => proxy.up.cutAfter(size.up >> 1, { how: "fin" }),
    results: ["unknown"],
  },
  {
    name: "cut between MULTI and EXEC",
    when: "live",
    inject: ({ proxy, size }) => proxy.up.cutAfter(size.up - EXEC_TAIL),
    results: ["unknown"],
    reasonToSkip: hasNoMulti,
  },
  {
    name: "FIN in place of the reply",
    when: "live",
    inject: ({ proxy }) => proxy.down.stall(),
    injectAfterRequest: (environment) =>
      resumeAfter(environment, () => environment.proxy.cutAll("fin")),
    results: ["unknown"],
  },
  {
    name: "RST in place of the reply",
    when: "live",
    inject: ({ proxy }) => proxy.down.stall(),
    injectAfterRequest: (environment) =>
      resumeAfter(environment, () => environment.proxy.cutAll("rst")),
    results: ["unknown"],
  },
  {
    name: "half-closed by the server",
    when: "live",
    inject: ({ proxy }) => proxy.down.stall(),
    injectAfterRequest: (environment) =>
      resumeAfter(environment, () => environment.proxy.down.halfClose()),
    results: ["unknown"],
  },
  {
    name: "cut after each byte of the reply",
    when: "live",
    inject: () => {},
    injectAfterByte: ({ proxy }, bytes) => {
      proxy.down.cutAfter(bytes, { how: bytes % 2 ? "rst" : "fin" });
    },
    results: ["unknown"],
    reasonToSkip: hasLongReplies,
  },
  {
    name: "RST while the server holds the reply",
    when: "live",
    inject: () => {},
    injectWhileHeld: ({ proxy }) => proxy.cutAll("rst"),
    results: ["unknown"],
    reasonToSkip: isNotHeld,
  },
  {
    name: "FIN while the server holds the reply",
    when: "live",
    inject: () => {},
    injectWhileHeld: ({ proxy }) => proxy.cutAll("fin"),
    results: ["unknown"],
    reasonToSkip: isNotHeld,
  },
];

const SILENT: readonly Fault[] = [
  {
    name: "stalled replies",
    when: "live",
    inject: ({ proxy }) => proxy.down.stall(),
    results: ["unknown"],
    errors: TIMEOUTS,
    timeout: SHORT_TIMEOUT,
  },
  {
    name: "the last byte of the last reply never arrives",
    when: "live",
    inject: ({ proxy, size }) => proxy.down.stallAfter(size.down - 1),
    results: ["unknown"],
    errors: TIMEOUTS,
    timeout: SHORT_TIMEOUT,
  },
  {
    name: "stalled commands",
    when: "live",
    inject: ({ proxy }) => proxy.up.stall(),
    results: ["unknown"],
    errors: TIMEOUTS,
    timeout: SHORT_TIMEOUT,
  },
  {
    name: "black hole (half-open, no FIN)",
    when: "live",
    inject: ({ proxy }) => proxy.blackhole(),
    remove: restore,
    results: ["unknown"],
    errors: TIMEOUTS,
    timeout: SHORT_TIMEOUT,
  },
];

const UNUSUAL: readonly Fault[] = [
  {
    name: "one byte at a time",
    when: "live",
    inject: ({ proxy }) => {
      proxy.up.chunk(1);
      proxy.down.chunk(1);
    },
    results: ["ok"],
  },
  {
    name: "delay of 20 ms",
    when: "live",
    inject: ({ proxy }) => {
      proxy.up.delay(20);
      proxy.down.delay(20);
    },
    results: ["ok"],
  },
  {
    name: "garbage before the reply",
    when: "live",
    inject: ({ proxy }) => proxy.down.insert(0, "\u0001", proxy.connections),
    results: ["ok", "unknown"],
    errors: INVALID,
  },
  {
    name: "garbage in the reply",
    when: "live",
    inject: ({ proxy }) => proxy.down.insert(1, "\r\n"),
    results: ["unknown"],
    errors: INVALID,
    reasonToSkip: isStatus,
  },
  {
    name: "an extra reply while idle",
    when: "live",
    inject: async (environment) => {
      environment.proxy.down.insert(0, "+OK\r\n", environment.proxy.connections);
      await allNoticed(environment);
    },
    results: ["ok"],
  },
  {
    name: "an extra reply after the last one",
    when: "live",
    inject: ({ proxy, size }) => proxy.down.insert(size.down, "+OK\r\n"),
    // While it is in transit it could be taken for the reply to the next command: no client can detect that.
    whenNoticed: ({ proxy, connections }) => until(() => proxy.connections < connections),
    results: ["ok"],
    reasonToSkip: isOneWay,
  },
  {
    name: "unsolicited pushes",
    when: "live",
    inject: ({ proxy }) => proxy.down.insert(0, PUSH, EVERY_TIME.times),
    results: ["ok"],
  },
];

export const FAULTS: readonly Fault[] = [...CONNECTING, ...LOST, ...SILENT, ...UNUSUAL];
