/** Trace: what the events of a tracing channel contain. */
import { tracingChannel } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import {
  addressAttributes,
  Trace,
  type TraceAttributes,
  type TraceEvent,
  traceChannel,
} from "../../../src/diagnostics/channels.js";
import type { Address } from "../../../src/options/address.js";

const TCP: Address = { kind: "tcp", host: "one", port: 1 };
const OTHER: Address = { kind: "tcp", host: "two", port: 2 };
const UNIX: Address = { kind: "unix", path: "/run/redis.sock" };

/** Run a trace, and return its attributes at the start and at the end. */
function attributesOf(end: (trace: Trace) => void): TraceAttributes[] {
  const seen: TraceAttributes[] = [];
  const channel = traceChannel("trace-test");
  const subscriber = {
    start: (event: TraceEvent) => void seen.push(event.attributes),
    end: () => {},
    error: () => {},
    asyncStart: () => {},
    asyncEnd: (event: TraceEvent) => void seen.push(event.attributes),
  };
  const subscribed = tracingChannel<unknown, TraceEvent>("rediswire:trace-test");
  subscribed.subscribe(subscriber);
  try {
    const attributes = { ...addressAttributes(TCP), "db.operation.name": "GET" };
    const trace = new Trace(channel, attributes);
    trace.start(() => {});
    end(trace);
  } finally {
    subscribed.unsubscribe(subscriber);
  }
  return seen;
}

describe("Trace", () => {
  it("keeps the attributes of the start when the end has no address", () => {
    const [start, end] = attributesOf((trace) => trace.end());
    expect(end).toEqual(start);
  });

  it("replaces the address by that of the connection that was used", () => {
    const [start, end] = attributesOf((trace) => trace.end(undefined, OTHER));
    expect(start).toMatchObject({ "server.address": "one", "server.port": 1 });
    expect(end).toEqual({ ...addressAttributes(OTHER), "db.operation.name": "GET" });
  });

  it("leaves no port beside the path of a unix socket", () => {
    const [, end] = attributesOf((trace) => trace.end(undefined, UNIX));
    expect(end).toEqual({ ...addressAttributes(UNIX), "db.operation.name": "GET" });
  });
});
