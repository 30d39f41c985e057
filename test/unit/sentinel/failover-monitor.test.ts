/**
 * Notifications of a master service and its address sources: never from inside a call, never nested, in the
 * order of the changes. The Sentinels are a stub whose answers the tests set.
 */
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { AddressConsumer, Probe } from "../../../src/connection/address-source.js";
import { ConnectionError, ReadOnlyError, ResponseError } from "../../../src/errors.js";
import { type Address, formatAddress, sameAddress } from "../../../src/options/address.js";
import type { Reply } from "../../../src/protocol/reply.js";
import { MasterSource, ReplicaSource } from "../../../src/sentinel/address-sources.js";
import {
  FailoverMonitor,
  type FailoverMonitorOptions,
} from "../../../src/sentinel/failover-monitor.js";
import { deferred } from "../../support/until.js";

const addressOf = (host: string, port: number): Address => ({ kind: "tcp", host, port });
const A = addressOf("10.0.0.1", 6379);
const B = addressOf("10.0.0.2", 6379);
const C = addressOf("10.0.0.3", 6379);
const NAMES = new Map([A, B, C].map((address, index) => [address, "ABC".charAt(index)]));
const OPTIONS = { minOtherSentinels: 0, queryTimeout: 1000 };
const { signal } = new AbortController();

const words = (address: Address) => (address.kind === "tcp" ? [address.host, address.port] : []);
const selected = (next: Address, master: Address) =>
  `slave x ${words(next).join(" ")} @ mymaster ${words(master).join(" ")}`.split(" ");
const switched = (from: Address, to: Address) =>
  `mymaster ${[...words(from), ...words(to)].join(" ")}`.split(" ");

/** One Sentinel whose answers the tests set. */
class StubNodes {
  report = { address: A, epoch: 1 };
  replicas: Address[] = [];
  /** Settles before an answer is used. */
  gate: Promise<void> = Promise.resolve();
  queries = 0;
  refreshes = 0;
  readonly #node = { name: "s:1", run: async ({ name }: { name: string }) => this.#answer(name) };

  addListener(): void {}
  removeListener(): void {}
  async refresh(): Promise<void> {
    this.refreshes++;
  }

  async ask(query: (node: never) => Promise<unknown>) {
    const value = await query(this.#node as never);
    await this.gate;
    return { from: this.#node, value };
  }

  #answer(command: string): unknown {
    this.queries++;
    const [ip, port] = words(this.report.address);
    if (command === "SENTINEL GET-MASTER-ADDR-BY-NAME") return [ip, port];
    const state = { isSdown: false, isOdown: false };
    if (command === "SENTINEL MASTER")
      return { ...state, ip, port, isMaster: true, "config-epoch": this.report.epoch };
    return this.replicas.map(words).map(([host, number]) => ({ ...state, ip: host, port: number }));
  }
}

/** The frame of a method that must have returned before a listener is called. */
const IN_CALL =
  /at (?:async )?\w+\.(?:resolve|verify|report|classifyError|locate|discover|markConfirmed|onEvent) /;

/** Records the calls of `drain`, and which of them came from inside a call or another notification. */
class RecordingConsumer implements AddressConsumer {
  readonly calls: string[] = [];
  /** Whether test code is in the middle of a call to a source or a service. */
  static isBusy = false;
  static depth = 0;
  static violations: string[] = [];
  readonly #onDrain: () => void;

  constructor(onDrain: () => void = () => {}) {
    this.#onDrain = onDrain;
  }

  drain(matches: (address: Address) => boolean, error: Error, isImmediate: boolean): void {
    const drained = [...NAMES].filter(([address]) => matches(address)).map(([, name]) => name);
    this.calls.push(`${drained.join("")}${isImmediate ? "!" : ""}`);
    const { violations, isBusy, depth } = RecordingConsumer;
    const isInCall = isBusy || IN_CALL.test(new Error("stack").stack ?? "");
    if (isInCall) violations.push(`from a call: ${error.message}`);
    if (depth !== 0) violations.push(`nested: ${error.message}`);
    RecordingConsumer.depth++;
    try {
      this.#onDrain();
    } finally {
      RecordingConsumer.depth--;
    }
  }
}

beforeEach(() => {
  RecordingConsumer.violations = [];
});

/** Call a source or the service as a pool would, in the middle of a decision. */
function call<V>(work: () => V): V {
  RecordingConsumer.isBusy = true;
  try {
    return work();
  } finally {
    RecordingConsumer.isBusy = false;
  }
}

/** All microtasks that are pending, and those they start. */
const settled = () => new Promise(setImmediate);

const probeOf = (address: Address, role: () => Reply): Probe => ({
  address,
  signal,
  ask: async () => role(),
});

async function setUp(onDrain?: () => void) {
  const nodes = new StubNodes();
  const service = new FailoverMonitor("mymaster", {
    ...OPTIONS,
    nodes: nodes as unknown as FailoverMonitorOptions["nodes"],
  });
  const source = new MasterSource(service, 1000);
  const consumer = new RecordingConsumer(onDrain);
  source.attach(consumer);
  expect(await source.resolve(signal)).toEqual(A);
  return { nodes, service, source, consumer, [Symbol.dispose]: () => source.detach() };
}

describe("notifications of a master service", () => {
  it("follow resolve() that discovers another master, after the decision", async () => {
    using at = await setUp();
    at.nodes.report = { address: B, epoch: 2 };
    expect(await call(() => at.source.resolve(signal))).toEqual(B);
    await settled();
    expect(at.consumer.calls).toEqual(["AC!"]);
    expect(RecordingConsumer.violations).toEqual([]);
  });

  it("are not sent from inside an event, but before the next turn of the event loop", async () => {
    using at = await setUp();
    call(() => at.service.onEvent("+selected-slave", selected(B, A)));
    expect(at.consumer.calls).toEqual([]);
    await Promise.resolve();
    expect(at.consumer.calls).toEqual(["AC"]);
    expect(RecordingConsumer.violations).toEqual([]);
  });

  it("are not sent from inside verify() of a promoted replica", async () => {
    using at = await setUp();
    at.service.onEvent("+selected-slave", selected(B, A));
    await settled();
    await call(() => at.source.verify(probeOf(B, () => ["master"])));
    await settled();
    expect(at.consumer.calls).toEqual(["AC", "AC!"]);
    expect(RecordingConsumer.violations).toEqual([]);
  });

  it("are not sent from inside markConfirmed(), whose state is complete when it returns", async () => {
    using at = await setUp();
    at.service.onEvent("+selected-slave", selected(B, A));
    await settled();
    call(() => at.service.markConfirmed(B));
    expect(at.consumer.calls).toEqual(["AC"]);
    at.nodes.report = { address: C, epoch: 9 };
    expect(await at.service.locate(signal, 1000)).toEqual(B);
    await settled();
    expect(at.consumer.calls).toEqual(["AC", "AC!"]);
    expect(RecordingConsumer.violations).toEqual([]);
  });

  it("are not caused by report() and classifyError()", async () => {
    using at = await setUp();
    const error = new ReadOnlyError("READONLY You can't write");
    call(() => at.source.classifyError(A, error));
    call(() => at.source.report(A));
    await settled();
    expect(at.consumer.calls).toEqual([]);
  });

  it("keep the order of the changes, for every listener", async () => {
    using at = await setUp();
    const other = new MasterSource(at.service, 1000);
    const consumer = new RecordingConsumer();
    other.attach(consumer);
    await other.resolve(signal);
    call(() => {
      at.service.onEvent("+selected-slave", selected(B, A));
      at.service.onEvent("-failover-abort-slave-timeout", ["master", "mymaster"]);
      at.service.onEvent("+selected-slave", selected(C, A));
      at.service.onEvent("+switch-master", switched(A, C));
    });
    await settled();
    for (const { calls } of [at.consumer, consumer])
      expect(calls).toEqual(["AC", "B", "AB", "AB!"]);
    expect(RecordingConsumer.violations).toEqual([]);
    other.detach();
  });

  it("are never nested: a change made by a listener is notified after all listeners", async () => {
    let isFirst = true;
    using at = await setUp(() => {
      if (!isFirst) return;
      isFirst = false;
      // As a pool does that connects again while it drains.
      void at.source.resolve(signal);
      at.service.markConfirmed(B);
    });
    const other = new MasterSource(at.service, 1000);
    const consumer = new RecordingConsumer();
    other.attach(consumer);
    await other.resolve(signal);
    at.service.onEvent("+selected-slave", selected(B, A));
    await settled();
    expect(at.consumer.calls).toEqual(["AC", "AC!"]);
    expect(consumer.calls).toEqual(["AC", "AC!"]);
    expect(RecordingConsumer.violations).toEqual([]);
    other.detach();
  });

  it("reach the other listeners, and all later ones, when a listener throws", async () => {
    const failure = new RangeError("a connection class of the user");
    const reported: unknown[] = [];
    const reject = vi.spyOn(Promise, "reject").mockImplementation((reason) => {
      reported.push(reason);
      return new Promise(() => {});
    });
    using at = await setUp(() => {
      throw failure;
    });
    const other = new MasterSource(at.service, 1000);
    const consumer = new RecordingConsumer();
    other.attach(consumer);
    await other.resolve(signal);
    at.service.onEvent("+selected-slave", selected(B, A));
    at.service.onEvent("+switch-master", switched(A, B));
    await settled();
    at.service.onEvent("+switch-master", switched(B, C));
    await settled();
    reject.mockRestore();
    for (const { calls } of [at.consumer, consumer]) expect(calls).toEqual(["AC", "AC!", "AB!"]);
    expect(reported).toEqual([failure, failure, failure]);
    other.detach();
  });

  it("do not reach a source that was detached after the change", async () => {
    const at = await setUp();
    at.service.onEvent("+selected-slave", selected(B, A));
    at.source.detach();
    await settled();
    expect(at.consumer.calls).toEqual([]);
  });

  it("reach only replica sources after a subscription to a Sentinel", async () => {
    using at = await setUp();
    const replica = new ReplicaSource(at.service, 1000);
    const consumer = new RecordingConsumer();
    at.nodes.replicas = [B];
    replica.attach(consumer);
    expect(await replica.resolve(signal)).toEqual(B);
    call(() => at.service.onSubscribed());
    await settled();
    expect([at.consumer.calls, consumer.calls]).toEqual([[], ["AC"]]);
    expect(RecordingConsumer.violations).toEqual([]);
    replica.detach();
  });
});

describe("FailoverMonitor.discover()", () => {
  it("rejects a report that an event has made stale while a better one was awaited", async () => {
    using at = await setUp();
    const gate = deferred();
    at.nodes.gate = gate.promise;
    const discovered = at.service.discover();
    await settled();
    at.service.onEvent("+switch-master", switched(A, B));
    gate.resolve();
    await expect(discovered).rejects.toMatchObject({
      code: "ENOMASTER",
      cause: {
        code: "ESENTINEL",
        message: `The Sentinel still reports ${formatAddress(A)}, which is no longer the master`,
      },
    });
    await settled();
    expect(at.consumer.calls).toEqual(["AC!"]);
    expect(sameAddress(await at.service.locate(signal, 1000), B)).toBe(true);
  });
});

describe("MasterSource.classifyError", () => {
  it("returns whether a READONLY error means that the command was not executed", async () => {
    using at = await setUp();
    const readOnly = (command: string) => new ReadOnlyError("READONLY", { command });
    expect(at.source.classifyError(A, readOnly("SET"))).toBe("not-sent");
    expect(at.source.classifyError(A, readOnly("EVALSHA"))).toBe("unknown");
    expect(at.source.classifyError(A, new ResponseError("ERR"))).toBeUndefined();
  });

  it("changes nothing; report() makes the next resolve() prefer another master", async () => {
    using at = await setUp();
    at.nodes.report = { address: B, epoch: 8 };
    at.service.onEvent("+switch-master", switched(A, B));
    await settled();
    at.nodes.report = { address: C, epoch: 9 };
    at.source.classifyError(B, new ReadOnlyError("READONLY"));
    expect(await at.source.resolve(signal)).toEqual(B);
    at.source.report(B);
    expect(await at.source.resolve(signal)).toEqual(C);
  });
});

describe("MasterSource.verify", () => {
  it("rejects a server in the wrong role with code EROLE", async () => {
    using at = await setUp();
    const verified = at.source.verify(probeOf(A, () => ["slave"]));
    await expect(verified).rejects.toThrow("10.0.0.1:6379 is a replica; a master is required");
    await expect(verified).rejects.toBeInstanceOf(ConnectionError);
    await expect(verified).rejects.toMatchObject({ code: "EROLE", server: "10.0.0.1:6379" });
    await expect(at.source.verify(probeOf(A, () => ["sentinel"]))).rejects.toThrow(
      "10.0.0.1:6379 is a sentinel; a master or a replica is required",
    );
    const error = new ResponseError("ERR unknown command");
    await expect(at.source.verify(probeOf(A, () => error))).rejects.toBe(error);
  });
});

/** Start to measure; the returned function returns how many intervals have begun since. */
function intervals(length: number): () => number {
  const start = performance.now();
  return () => 1 + Math.ceil((performance.now() - start) / length);
}

describe("a flood of events", () => {
  it("causes at most 20 changes per second, one notification at a time, and few queries", async () => {
    using at = await setUp();
    at.nodes.queries = 0;
    const [seconds, paces] = [intervals(1000), intervals(100)];
    call(() => {
      let [from, to] = [A, B];
      for (let i = 0; i < 20_000; i++) {
        at.service.onEvent("+switch-master", switched(from, to));
        [from, to] = [to, from];
      }
    });
    await settled();
    // The last change decides: older ones were dropped before they were notified.
    expect(at.consumer.calls.length).toBeLessThanOrEqual(20 * seconds());
    expect(["BC!", "AC!"]).toContain(at.consumer.calls.at(-1));
    expect(at.nodes.queries).toBeLessThanOrEqual(3 * paces());
    expect(RecordingConsumer.violations).toEqual([]);
  });

  it.each(["+slave", "-sdown", "+sentinel", "+monitor"])(
    "requests few queries when it consists of %s",
    async (event) => {
      using at = await setUp();
      at.nodes.queries = 0;
      const paces = intervals(100);
      const text =
        event === "+monitor" ? "master mymaster 10.0.0.1 6379" : selected(B, A).join(" ");
      for (let i = 0; i < 20_000; i++) at.service.onEvent(event, text.split(" "));
      for (let i = 0; i < 20_000; i++) at.service.onSubscribed();
      await settled();
      expect(at.nodes.queries).toBeLessThanOrEqual(4 * paces());
      expect(at.nodes.refreshes).toBeLessThanOrEqual(2 * paces());
    },
  );

  it.each([
    ["+switch-master", ["mymaster"]],
    ["+switch-master", ["mymaster", "10.0.0.1", "6379", "", "6379"]],
    ["+switch-master", ["mymaster", "10.0.0.1", "6379", "10.0.0.2", "0"]],
    ["+selected-slave", ["slave", "x", "", "", "@", "mymaster", "10.0.0.1", "6379"]],
    ["+promoted-slave", ["slave", "x", "10.0.0.2", "99999", "@", "mymaster", "10.0.0.1", "6379"]],
    ["+promoted-slave", ["slave", "x", "10.0.0.2", "6379", "@", "mymaster"]],
  ])("changes nothing when an event has no usable address: %s %o", async (event, text) => {
    using at = await setUp();
    at.service.onEvent(event, text);
    await settled();
    expect(at.consumer.calls).toEqual([]);
    expect(await at.service.locate(signal, 1000)).toEqual(A);
  });
});
