/** Following redirects: which error replies are taken, where their requests go, and what the map learns. */
import { describe, expect, it } from "vitest";
import { createFence } from "../../../src/cluster/fence.js";
import { ForwardedRequest } from "../../../src/cluster/forwarded-request.js";
import type { NodePool } from "../../../src/cluster/node-pool.js";
import type { NodeTable } from "../../../src/cluster/node-table.js";
import { type RedirectOptions, Redirects } from "../../../src/cluster/redirects.js";
import type { SlotGates } from "../../../src/cluster/slot-gates.js";
import { type NodeAddress, nodeName } from "../../../src/cluster/view.js";
import type { Request } from "../../../src/connection/request.js";
import { errorFromReply } from "../../../src/protocol/error-reply.js";
import { FakeConnection, FakeNode, SlotRequest } from "../../support/cluster-fakes.js";

const OPTIONS: RedirectOptions = {
  reinitializeSteps: 0,
  clusterErrorRetryAttempts: 2,
  remap: undefined,
};

function redirects(options: Partial<RedirectOptions> = {}) {
  const nodes = new Map<string, NodePool>();
  const log: string[] = [];
  const sent: Request[] = [];
  /** Orders of requests that must wait for others. */
  const behind = new Set<number>();
  const nodeAt = (address: NodeAddress): NodePool => {
    const name = nodeName(address);
    const node = nodes.get(name) ?? new FakeNode(address).node;
    nodes.set(name, node);
    return node;
  };
  const gates = {
    isBehind: (_: number, order: number) => behind.has(order),
    setMigrating: () => {},
    send: (slot: number, { isAlone }: { isAlone: boolean }, send: () => void) => {
      if (isAlone) log.push(`alone ${slot}`);
      send();
    },
    fence: (slot: number) => log.push(`fence ${slot}`),
    wait: (_: Request, slot: number | undefined) => log.push(`wait ${slot}`),
  };
  const table = {
    encoding: "utf8",
    node: nodeAt,
    accepts: ({ host }: NodeAddress) => host !== "refused",
    patch: (slot: number, { name }: NodePool) => {
      log.push(`patch ${slot} ${name}`);
      return name === "new:1" ? "new-node" : "slot";
    },
  };
  const object = new Redirects(
    { ...OPTIONS, ...options },
    {
      gates: gates as unknown as SlotGates,
      table: table as unknown as NodeTable,
      requestRefresh: () => log.push("refresh"),
      renewView: () => log.push("renew") !== 0,
      send: ({ name }, request) => {
        log.push(`send ${name}`);
        sent.push(request);
      },
    },
  );
  const from = nodeAt({ host: "a", port: 1 });
  const { connection } = new FakeConnection();
  /** Pass on an error reply to a request; return whether it was taken. */
  const handle = (request: Request, text: string, mayTake = true): boolean =>
    object.handle(from, { request, error: errorFromReply(text), connection }, mayTake);
  return { handle, log, sent, behind };
}

describe("Redirects.handle", () => {
  it("closes the slot, patches the map and sends the request for MOVED, in this order", () => {
    const { handle, log, sent } = redirects();
    const request = new SlotRequest("INCR", 5);
    expect(handle(request, "MOVED 5 b:1")).toBe(true);
    expect(log).toEqual(["fence 5", "patch 5 b:1", "send b:1"]);
    expect(sent).toEqual([request]);
  });

  it("sends the request behind ASKING for ASK, and leaves the map as it is", () => {
    const { handle, log, sent } = redirects();
    const request = new SlotRequest("INCR", 5);
    expect(handle(request, "ASK 5 b:1")).toBe(true);
    expect(log).toEqual(["fence 5", "send b:1"]);
    expect(sent[0]).toMatchObject({ inner: request, awaitsAsking: true });
  });

  it("sends a request with several keys alone for ASK, and with others for MOVED", () => {
    const { handle, log } = redirects();
    handle(new SlotRequest("MGET", 5, { severalKeys: true }), "ASK 5 b:1");
    handle(new SlotRequest("MGET", 5, { severalKeys: true }), "MOVED 5 b:1");
    expect(log).toEqual(["fence 5", "alone 5", "send b:1", "fence 5", "patch 5 b:1", "send b:1"]);
  });

  it("lets a request wait for the end of an earlier one of its slot", () => {
    const { handle, log, behind } = redirects();
    const [first, second] = [new SlotRequest("INCR", 5), new SlotRequest("INCR", 5)];
    handle(first, "ASK 5 b:1");
    behind.add(2);
    handle(second, "ASK 5 b:1");
    handle(first, "MOVED 5 c:1");
    const sent = ["fence 5", "send b:1", "fence 5", "wait 5"];
    expect(log).toEqual([...sent, "fence 5", "patch 5 c:1", "send c:1"]);
  });

  it("lets the request wait for TRYAGAIN, and asks for a view as well for CLUSTERDOWN", () => {
    const { handle, log } = redirects();
    expect(handle(new SlotRequest("INCR", 5), "TRYAGAIN Multiple keys")).toBe(true);
    expect(handle(new SlotRequest("INCR", 6), "CLUSTERDOWN The cluster is down")).toBe(true);
    expect(log).toEqual(["fence 5", "wait 5", "fence 6", "refresh", "wait 6"]);
  });

  it("holds up no slot for a blocking request, and for one without keys", () => {
    const { handle, log } = redirects();
    handle(new SlotRequest("BLPOP", 5, { blocking: true }), "TRYAGAIN Multiple keys");
    handle(new SlotRequest("PUBLISH", -1), "CLUSTERDOWN The cluster is down");
    expect(log).toEqual(["wait undefined", "refresh", "wait undefined"]);
  });

  it("delivers the error of the node when a request has waited clusterErrorRetryAttempts times", () => {
    const { handle } = redirects();
    const request = new SlotRequest("INCR", 5);
    const taken = [1, 2, 3].map(() => handle(request, "CLUSTERDOWN The cluster is down"));
    expect([taken, request.settled]).toEqual([[true, true, false], false]);
  });

  it("fails a request after 16 redirects, waits apart", () => {
    const { handle, sent } = redirects({ clusterErrorRetryAttempts: 10 });
    const request = new SlotRequest("INCR", 5);
    for (let i = 0; i < 40 && !request.settled; i++) handle(request, "MOVED 5 b:1");
    expect(request.outcome).toMatchObject({ name: "ClusterError", outcome: "not-sent" });
    expect(sent).toHaveLength(16);
  });

  it.each(["ERR unknown", "WRONGTYPE wrong kind", "EXECABORT discarded"])(
    "takes no request for %j",
    (text) => {
      const { handle, log } = redirects();
      expect(handle(new SlotRequest("INCR", 5), text)).toBe(false);
      expect(log).toEqual([]);
    },
  );

  it("takes neither a request of the library nor ASKING, whose command is refused itself", () => {
    const { handle, log } = redirects();
    const asking = new ForwardedRequest(new SlotRequest("INCR", 5), { asking: true });
    expect(
      handle(
        createFence(0, () => {}),
        "CLUSTERDOWN The cluster is down",
      ),
    ).toBe(false);
    expect(handle(asking, "MOVED 5 b:1")).toBe(false);
    expect(log).toEqual([]);
  });

  it("patches the map although the request was cancelled or must not leave its connection", () => {
    const { handle, log } = redirects();
    const cancelled = new SlotRequest("INCR", 5);
    cancelled.settled = true;
    expect(handle(cancelled, "MOVED 5 b:1")).toBe(false);
    expect(handle(new SlotRequest("GET", 6), "MOVED 6 b:1", false)).toBe(false);
    for (const text of ["ASK 7 b:1", "MOVED 7 refused:1", "MOVED"])
      expect(handle(new SlotRequest("GET", 7), text, false)).toBe(false);
    expect(log).toEqual(["patch 5 b:1", "patch 6 b:1"]);
  });

  it("renews the view after reinitializeSteps MOVEDs, and asks for one at once for a node that is new", () => {
    const { handle, log } = redirects({ reinitializeSteps: 2 });
    const asked = (): string[] => log.filter((line) => line === "refresh" || line === "renew");
    handle(new SlotRequest("INCR", 1), "MOVED 1 b:1");
    expect(asked()).toEqual([]);
    handle(new SlotRequest("INCR", 2), "MOVED 2 b:1");
    expect(asked()).toEqual(["renew"]);
    handle(new SlotRequest("INCR", 3), "MOVED 3 new:1");
    expect(asked()).toEqual(["renew", "refresh"]);
  });
});
