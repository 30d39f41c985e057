/**
 * The faults of the fault matrix: failures between client and server. A new row is one entry;
 * matrix.test.ts contains the checks of every combination.
 */
import { inspect } from "node:util";
import type { FaultProxy } from "../fault-proxy.js";
import { until } from "../until.js";
import type { Operation, Scene } from "./operations.js";

/** Possible results of an operation: its value, an error of the server, or an error with an outcome. */
export type End = "ok" | "refused" | "not-sent" | "unknown";

/** The environment of a fault. */
export interface Stage {
  readonly proxy: FaultProxy;
  readonly scene: Scene;
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
  readonly strike: (stage: Stage) => void | Promise<void>;
  /** Cause the fault in the same turn as the call. */
  readonly atOnce?: (stage: Stage) => void;
  /** Cause the fault again after the operation was sent to the server, whose reply is held back. */
  readonly second?: (stage: Stage) => void;
  /** Cause the fault again while the server holds the operation. */
  readonly whenHeld?: (stage: Stage) => void;
  /** Wait until the client has noticed the fault, before it is used again. */
  readonly noticed?: (stage: Stage) => Promise<unknown>;
  /** Cut after the given number of bytes of the reply; called for every byte of it. */
  readonly everyByte?: (stage: Stage, bytes: number) => void;
  /** Possible results of operations under the fault. */
  readonly ends: readonly End[];
  /** Allowed error classes; default ConnectionError. */
  readonly errors?: readonly string[];
  /** All deadlines in ms: short where they end the operation. */
  readonly timeout?: number;
  /** Return why the fault does not apply to an operation, or undefined when it does. */
  readonly spares?: (operation: Operation) => string | undefined;
  /** Remove the fault, in addition to clearing both directions. */
  readonly heal?: (stage: Stage) => void | Promise<void>;
}

const SHORT = 250;
const ALWAYS = { times: 1000 };
const TIMEOUTS = ["TimeoutError", "ConnectionError"];
const INVALID = ["ConnectionError", "InvalidResponse"];
/** Length in bytes of EXEC and of some bytes before it. */
const EXEC_TAIL = 16;
const PUSH = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n";

/** The host is reachable again; it resets connections that it does not remember. */
function restore({ proxy }: Stage): void {
  proxy.blackhole(false);
  proxy.cutAll("rst");
}

/** Existing connections stay stalled; new ones are served. */
function resumeAfter({ proxy }: Stage, end: () => void): void {
  end();
  proxy.down.resume();
}

const hasNoMulti = ({ multi }: Operation): string | undefined => (multi ? undefined : "no MULTI");
const isNotHeld = ({ held }: Operation): string | undefined =>
  held === undefined ? "not blocked on the server" : undefined;
/** Bytes inserted into a status give another valid status: no client can detect that. */
const isStatus = ({ status }: Operation): string | undefined =>
  status ? "a status may be any text" : undefined;
const needsNoData = (operation: Operation): string | undefined =>
  operation.needsNoData ? "served while loading" : undefined;
const isOneWay = ({ closes }: Operation): string | undefined =>
  closes ? "close() ends the connection" : undefined;

/** Wait until all connections are closed and the client has noticed. */
async function allNoticed({ proxy, scene }: Stage): Promise<void> {
  await until(() => proxy.connections === 0 && inspect(scene.redis).includes("shared=0"));
}

const CONNECTING: readonly Fault[] = [
  { name: "no fault", when: "connecting", strike: () => {}, ends: ["ok"] },
  {
    name: "connection refused",
    when: "connecting",
    strike: ({ proxy }) => proxy.refuse(),
    heal: ({ proxy }) => proxy.accept(),
    ends: ["not-sent"],
  },
  {
    name: "reset before the handshake",
    when: "connecting",
    strike: ({ proxy }) => proxy.down.cutAfter(0, ALWAYS),
    ends: ["not-sent"],
  },
  {
    name: "reset once in the handshake",
    when: "connecting",
    strike: ({ proxy }) => proxy.up.cutAfter(20),
    ends: ["ok"],
  },
  {
    name: "cut in every handshake",
    when: "connecting",
    strike: ({ proxy }) => proxy.down.cutAfter(3, { how: "fin", ...ALWAYS }),
    ends: ["not-sent"],
  },
  {
    name: "stalled handshake",
    when: "connecting",
    strike: ({ proxy }) => proxy.down.stall(),
    ends: ["not-sent"],
    errors: TIMEOUTS,
    timeout: SHORT,
  },
  {
    name: "black hole while connecting",
    when: "connecting",
    strike: ({ proxy }) => proxy.blackhole(),
    heal: restore,
    ends: ["not-sent"],
    errors: TIMEOUTS,
    timeout: SHORT,
  },
  {
    name: "wrong password",
    when: "connecting",
    strike: ({ scene }) => {
      scene.credentials.password = "wrong";
    },
    heal: ({ scene }) => {
      scene.credentials.password = "right";
    },
    ends: ["not-sent"],
    errors: ["AuthenticationError"],
  },
  {
    name: "LOADING",
    when: "connecting",
    strike: ({ proxy, loading }) => proxy.redirect({ port: loading }),
    heal: ({ proxy, scene }) => {
      proxy.redirect({ port: scene.port });
      proxy.cutAll("rst");
    },
    ends: ["refused"],
    spares: needsNoData,
    errors: ["BusyLoadingError"],
  },
];

const LOST: readonly Fault[] = [
  {
    name: "FIN while idle",
    when: "live",
    strike: ({ proxy }) => proxy.cutAll("fin"),
    ends: ["ok", "unknown"],
  },
  {
    name: "RST while idle",
    when: "live",
    strike: ({ proxy }) => proxy.cutAll("rst"),
    ends: ["ok", "unknown"],
  },
  {
    name: "connection lost and detected before the write",
    when: "live",
    strike: async (stage) => {
      stage.proxy.cutAll("rst");
      await allNoticed(stage);
    },
    ends: ["ok"],
  },
  {
    name: "connection lost, then refused",
    when: "live",
    strike: async (stage) => {
      stage.proxy.refuse();
      stage.proxy.cutAll("rst");
      await allNoticed(stage);
    },
    heal: ({ proxy }) => proxy.accept(),
    ends: ["not-sent"],
  },
  {
    name: "`disconnect()` in the same turn, before the write",
    when: "live",
    strike: () => {},
    atOnce: ({ scene }) => scene.redis.disconnect(),
    ends: ["not-sent"],
  },
  {
    name: "cut after 1 byte of the request",
    when: "live",
    strike: ({ proxy }) => proxy.up.cutAfter(1),
    ends: ["unknown"],
  },
  {
    name: "cut in the middle of the request",
    when: "live",
    strike: ({ proxy, size }) => proxy.up.cutAfter(size.up >> 1, { how: "fin" }),
    ends: ["unknown"],
  },
  {
    name: "cut between MULTI and EXEC",
    when: "live",
    strike: ({ proxy, size }) => proxy.up.cutAfter(size.up - EXEC_TAIL),
    ends: ["unknown"],
    spares: hasNoMulti,
  },
  {
    name: "FIN in place of the reply",
    when: "live",
    strike: ({ proxy }) => proxy.down.stall(),
    second: (stage) => resumeAfter(stage, () => stage.proxy.cutAll("fin")),
    ends: ["unknown"],
  },
  {
    name: "RST in place of the reply",
    when: "live",
    strike: ({ proxy }) => proxy.down.stall(),
    second: (stage) => resumeAfter(stage, () => stage.proxy.cutAll("rst")),
    ends: ["unknown"],
  },
  {
    name: "half-closed by the server",
    when: "live",
    strike: ({ proxy }) => proxy.down.stall(),
    second: (stage) => resumeAfter(stage, () => stage.proxy.down.halfClose()),
    ends: ["unknown"],
  },
  {
    name: "cut after each byte of the reply",
    when: "live",
    strike: () => {},
    everyByte: ({ proxy }, bytes) => {
      proxy.down.cutAfter(bytes, { how: bytes % 2 ? "rst" : "fin" });
    },
    ends: ["unknown"],
  },
  {
    name: "RST while the server holds the reply",
    when: "live",
    strike: () => {},
    whenHeld: ({ proxy }) => proxy.cutAll("rst"),
    ends: ["unknown"],
    spares: isNotHeld,
  },
  {
    name: "FIN while the server holds the reply",
    when: "live",
    strike: () => {},
    whenHeld: ({ proxy }) => proxy.cutAll("fin"),
    ends: ["unknown"],
    spares: isNotHeld,
  },
];

const SILENT: readonly Fault[] = [
  {
    name: "stalled replies",
    when: "live",
    strike: ({ proxy }) => proxy.down.stall(),
    ends: ["unknown"],
    errors: TIMEOUTS,
    timeout: SHORT,
  },
  {
    name: "the last byte of the last reply never arrives",
    when: "live",
    strike: ({ proxy, size }) => proxy.down.stallAfter(size.down - 1),
    ends: ["unknown"],
    errors: TIMEOUTS,
    timeout: SHORT,
  },
  {
    name: "stalled commands",
    when: "live",
    strike: ({ proxy }) => proxy.up.stall(),
    ends: ["unknown"],
    errors: TIMEOUTS,
    timeout: SHORT,
  },
  {
    name: "black hole (half-open, no FIN)",
    when: "live",
    strike: ({ proxy }) => proxy.blackhole(),
    heal: restore,
    ends: ["unknown"],
    errors: TIMEOUTS,
    timeout: SHORT,
  },
];

const ODD: readonly Fault[] = [
  {
    name: "one byte at a time",
    when: "live",
    strike: ({ proxy }) => {
      proxy.up.chunk(1);
      proxy.down.chunk(1);
    },
    ends: ["ok"],
  },
  {
    name: "delay of 20 ms",
    when: "live",
    strike: ({ proxy }) => {
      proxy.up.delay(20);
      proxy.down.delay(20);
    },
    ends: ["ok"],
  },
  {
    name: "garbage before the reply",
    when: "live",
    strike: ({ proxy }) => proxy.down.insert(0, "\u0001", proxy.connections),
    ends: ["ok", "unknown"],
    errors: INVALID,
  },
  {
    name: "garbage in the reply",
    when: "live",
    strike: ({ proxy }) => proxy.down.insert(1, "\r\n"),
    ends: ["unknown"],
    errors: INVALID,
    spares: isStatus,
  },
  {
    name: "an extra reply while idle",
    when: "live",
    strike: async (stage) => {
      stage.proxy.down.insert(0, "+OK\r\n", stage.proxy.connections);
      await allNoticed(stage);
    },
    ends: ["ok"],
  },
  {
    name: "an extra reply after the last one",
    when: "live",
    strike: ({ proxy, size }) => proxy.down.insert(size.down, "+OK\r\n"),
    // While it is in transit it could be taken for the reply to the next command: no client can detect that.
    noticed: ({ proxy, connections }) => until(() => proxy.connections < connections),
    ends: ["ok"],
    spares: isOneWay,
  },
  {
    name: "unsolicited pushes",
    when: "live",
    strike: ({ proxy }) => proxy.down.insert(0, PUSH, ALWAYS.times),
    ends: ["ok"],
  },
];

export const FAULTS: readonly Fault[] = [...CONNECTING, ...LOST, ...SILENT, ...ODD];
