/** What follows an error reply of a node: one case per trap of the protocol, the limits, and the pauses. */
import { describe, expect, it } from "vitest";
import {
  advance,
  type Fate,
  type FateContext,
  fateOf,
  type Journey,
  MAX_REDIRECTS,
  newJourney,
} from "../../../src/cluster/fate.js";
import {
  ClusterError,
  ConnectionError,
  DataError,
  type RedisError,
  TimeoutError,
} from "../../../src/errors.js";
import { errorFromReply } from "../../../src/protocol/error-reply.js";

const FROM = { host: "10.0.0.1", port: 7000 };
const OTHER = { host: "10.0.0.2", port: 7001 };
const LIMITS = { redirects: MAX_REDIRECTS, waits: 10 };
const DELIVER = { kind: "deliver", refresh: false };
const DELIVER_AND_REFRESH = { kind: "deliver", refresh: true };

type Changes = Partial<Omit<FateContext, "journey">> & { readonly journey?: Partial<Journey> };

function contextOf({ journey, ...changes }: Changes = {}): FateContext {
  return {
    from: FROM,
    limits: LIMITS,
    isScript: false,
    slot: 3999,
    random: () => 0.9999,
    ...changes,
    journey: { ...newJourney(), ...journey },
  };
}

const fate = (text: string, changes?: Changes): Fate =>
  fateOf(errorFromReply(text), contextOf(changes));

const MOVED = "MOVED 3999 10.0.0.2:7001";
const ASK = "ASK 3999 10.0.0.2:7001";
const TRYAGAIN = "TRYAGAIN Multiple keys request during rehashing of slot";
const DOWN = "CLUSTERDOWN The cluster is down";
const ROLE_CHANGED =
  "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";
const READONLY = "READONLY You can't write against a read only replica.";
const LOADING = "LOADING Redis is loading the dataset in memory";
const MASTERDOWN =
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";

/** Send one request through a cluster whose nodes answer as `answer` returns; return the fates. */
function travel(answer: (step: number) => string, changes: Changes = {}): Fate[] {
  const journey = newJourney();
  const fates: Fate[] = [];
  for (let step = 0; step < 100; step++) {
    const error = errorFromReply(answer(step));
    const next = fateOf(error, { ...contextOf(changes), journey });
    advance(journey, error, next, 1);
    fates.push(next);
    if (next.kind === "deliver" || next.kind === "refuse") return fates;
  }
  throw new Error("the request travels for ever");
}

const count = (fates: readonly Fate[], kind: Fate["kind"]) =>
  fates.filter((other) => other.kind === kind).length;

const pausesOf = (fates: readonly Fate[]) =>
  fates.flatMap((other) => (other.kind === "wait" ? [other.pause] : []));

describe("fateOf MOVED and ASK", () => {
  it("moves the request and the slot with MOVED", () => {
    expect(fate(MOVED)).toEqual({ kind: "move", slot: 3999, target: OTHER });
  });

  it("sends the request once to the target of ASK, and never moves the slot (trap 3)", () => {
    expect(fate(ASK)).toEqual({ kind: "ask", slot: 3999, target: OTHER });
  });

  it("ends a ping-pong of ASK and of MOVED back (trap 3)", () => {
    const fates = travel((step) => (step % 2 === 0 ? ASK : MOVED));
    expect(count(fates, "ask") + count(fates, "move")).toBe(16);
    expect(fates.at(-1)?.kind).toBe("refuse");
  });

  it.each([
    ["MOVED 3999 :7001", { host: FROM.host, port: 7001 }],
    ["MOVED 3999 fe80::1:7001", { host: "fe80::1", port: 7001 }],
    ["MOVED 3999 redis-2.example:7001", { host: "redis-2.example", port: 7001 }],
  ])("reads the target of %j (trap 12)", (text, target) => {
    expect(fate(text)).toMatchObject({ kind: "move", target });
  });

  it.each(["MOVED 3999 ?:7001", "ASK 3999 ?:7001", "MOVED", "MOVED 3999 10.0.0.2", "ASK 1 h:0x5"])(
    "waits and refreshes after %j, whose target is unknown (trap 13)",
    (text) => {
      expect(fate(text)).toEqual({ kind: "wait", pause: 50, refresh: true, reconnect: false });
    },
  );

  it("waits and refreshes instead of using a target that the client does not accept", () => {
    const accepts = () => false;
    const wait = { kind: "wait", pause: 50, refresh: true, reconnect: false };
    expect(fate(MOVED, { accepts })).toEqual(wait);
    expect(fate(ASK, { accepts })).toEqual(wait);
    expect(fate(MOVED, { accepts: () => true })).toMatchObject({ kind: "move", target: OTHER });
  });

  it("applies addressRemap to the target", () => {
    const remap = ([host, port]: readonly [string, number]) => [`${host}.nat`, port + 1] as const;
    const target = { host: "10.0.0.2.nat", port: 7002 };
    expect(fate(MOVED, { remap })).toMatchObject({ kind: "move", target });
    expect(fate(ASK, { remap })).toMatchObject({ kind: "ask", target });
  });

  it.each([
    ["a DataError", new DataError("from the check")],
    ["another error", new TypeError("from the caller")],
  ])("refuses with a DataError when addressRemap throws %s", (_, reason) => {
    const remap = (): never => {
      throw reason;
    };
    const next = fate(MOVED, { remap });
    const error = next.kind === "refuse" ? next.error : undefined;
    expect(error).toBeInstanceOf(DataError);
    expect(error === reason || error?.cause === reason).toBe(true);
  });

  it("follows nodes that disagree for 50 ms with pauses, not with all redirects at once (trap 14)", () => {
    const fates = travel((step) => (step % 2 === 0 ? MOVED : "MOVED 3999 10.0.0.3:7002"));
    expect(fates.slice(0, 6).map(({ kind }) => kind)).toEqual([
      "move",
      "move",
      "move",
      "move",
      "wait",
      "move",
    ]);
    expect(count(fates, "move")).toBe(16);
    expect(count(fates, "wait")).toBe(3);
  });

  it("follows a read that a replica without READONLY redirects (trap 17)", () => {
    expect(fate("MOVED 3999 10.0.0.2:7001")).toMatchObject({ kind: "move" });
  });

  it("waits for another connection after a MOVED to the node that sent it, at most ten times (trap 28)", () => {
    const text = "MOVED 3999 10.0.0.1:7000";
    const loop = { kind: "wait", pause: 50, refresh: true, reconnect: true };
    expect(fate(text)).toEqual(loop);
    expect(fate("MOVED 3999 :7000")).toEqual(loop);
    expect(fate("ASK 3999 :7000")).toEqual(loop);
    const fates = travel(() => text);
    expect(count(fates, "wait")).toBe(10);
    expect(Math.min(...pausesOf(fates))).toBeGreaterThanOrEqual(25);
    expect(fates.at(-1)).toMatchObject({ kind: "refuse", error: { message: "TTL exhausted." } });
  });
});

describe("the limit of redirects", () => {
  it("is 16, and then the caller gets a ClusterError with the last redirect as cause", () => {
    const error = errorFromReply(MOVED);
    Object.assign(error, { command: "GET", server: "10.0.0.1:7000" });
    const next = fateOf(error, contextOf({ journey: { redirects: 16, waits: 5 } }));
    const refused = next.kind === "refuse" ? next.error : undefined;
    expect(refused).toBeInstanceOf(ClusterError);
    expect(refused).toMatchObject({
      message: "TTL exhausted.",
      code: "EREDIRECT",
      command: "GET",
      server: "10.0.0.1:7000",
      outcome: "not-sent",
      cause: error,
    });
    expect(fate(ASK, { journey: { redirects: 16, waits: 5 } }).kind).toBe("refuse");
  });

  it.each([
    ["NOPERM no", 'TTL exhausted: ASKING was refused: NOPERM no (grant the right "+asking")'],
    ["ERR no", "TTL exhausted: ASKING was refused: ERR no"],
  ])("names ASKING in the ClusterError when a node refused it: %s", (text, message) => {
    const journey = { redirects: 16, waits: 5, asking: errorFromReply(text) };
    expect(fate(MOVED, { journey })).toMatchObject({ kind: "refuse", error: { message } });
  });

  it("is not reached by the 16th redirect itself", () => {
    expect(fate(MOVED, { journey: { redirects: 15, waits: 5 } }).kind).toBe("move");
  });

  it("refuses instead of waiting when the waits are used up", () => {
    const limits = { redirects: 16, waits: 0 };
    expect(fate("MOVED 1 ?:1", { limits }).kind).toBe("refuse");
    expect(fate(MOVED, { limits, journey: { redirects: 4 } }).kind).toBe("refuse");
    expect(fate(MOVED, { limits, journey: { redirects: 3 } }).kind).toBe("move");
  });
});

describe("fateOf TRYAGAIN", () => {
  it("waits 50 ms without a refresh: the other node has not all keys either (trap 4)", () => {
    expect(fate(TRYAGAIN)).toEqual({ kind: "wait", pause: 50, refresh: false, reconnect: false });
  });

  it("waits longer after four waits, and delivers the error after ten", () => {
    const fates = travel(() => TRYAGAIN);
    expect(pausesOf(fates)).toEqual([50, 50, 50, 50, 100, 200, 400, 750, 750, 750]);
    expect(fates.at(-1)).toEqual(DELIVER);
  });

  it("counts ASK, TRYAGAIN and MOVED of one request together (trap 26)", () => {
    const answers = [ASK, TRYAGAIN, MOVED];
    const fates = travel((step) => answers[step % 3] ?? "");
    expect(count(fates, "wait")).toBe(8);
    expect(count(fates, "ask") + count(fates, "move")).toBe(16);
  });
});

describe("fateOf CLUSTERDOWN, MASTERDOWN, LOADING and READONLY", () => {
  it.each([
    DOWN,
    "CLUSTERDOWN Hash slot not served",
    "CLUSTERDOWN The cluster is down and only accepts read commands",
    MASTERDOWN,
    LOADING,
    READONLY,
  ])("waits and refreshes after %j (traps 14 and 15)", (text) => {
    expect(fate(text)).toEqual({ kind: "wait", pause: 100, refresh: true, reconnect: false });
  });

  it("doubles the pause up to 750 ms, and delivers the node's own error after ten waits", () => {
    const fates = travel(() => DOWN);
    expect(pausesOf(fates)).toEqual([100, 200, 400, 750, 750, 750, 750, 750, 750, 750]);
    expect(fates.at(-1)).toEqual(DELIVER_AND_REFRESH);
  });

  it("shortens a pause by up to a half at random", () => {
    const pause = (random: number) => pausesOf([fate(DOWN, { random: () => random })])[0];
    expect([0, 0.5, 0.9999].map(pause)).toEqual([50, 75, 100]);
  });

  it("never waits when clusterErrorRetryAttempts is 0", () => {
    const limits = { redirects: 16, waits: 0 };
    expect(fate(DOWN, { limits })).toEqual(DELIVER_AND_REFRESH);
    expect(fate(TRYAGAIN, { limits })).toEqual(DELIVER);
    expect(fate(ROLE_CHANGED, { limits })).toEqual(DELIVER_AND_REFRESH);
  });
});

describe("fateOf UNBLOCKED", () => {
  it("waits and refreshes when the node lost its role: nothing was popped (trap 18)", () => {
    expect(fate(ROLE_CHANGED)).toMatchObject({ kind: "wait", pause: 50, refresh: true });
  });

  it("delivers the error of CLIENT UNBLOCK (trap 18)", () => {
    expect(fate("UNBLOCKED client unblocked via CLIENT UNBLOCK")).toEqual(DELIVER);
  });

  it("follows MOVED and ASK of a blocking command (trap 18)", () => {
    expect([fate(MOVED).kind, fate(ASK).kind]).toEqual(["move", "ask"]);
  });
});

describe("fateOf an error that is not a matter of the cluster", () => {
  it.each([
    "ERR syntax error",
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "BUSY Redis is busy running a script.",
    "NOSCRIPT No matching script. Please use EVAL.",
    "NOPERM this user has no permissions",
    "NOAUTH Authentication required.",
    "ERR MOVED 3999 10.0.0.2:7001",
    "MOVEDX 3999 10.0.0.2:7001",
    "",
  ])("delivers %j", (text) => {
    expect(fate(text)).toEqual(DELIVER);
  });

  it("delivers EXECABORT: the refusal at queue time is the one to follow (trap 5)", () => {
    expect(fate("EXECABORT Transaction discarded because of previous errors.")).toEqual(DELIVER);
    expect(fate(MOVED)).toMatchObject({ kind: "move" });
  });

  it.each([ASK, MOVED, TRYAGAIN, DOWN])("follows %j as reply of EXEC (trap 6)", (text) => {
    const error = errorFromReply(text);
    error.command = "EXEC";
    expect(fateOf(error, contextOf()).kind).not.toBe("deliver");
  });

  it("delivers CROSSSLOT, at EXEC and elsewhere (trap 7)", () => {
    const text = "CROSSSLOT Keys in request don't hash to the same slot";
    expect(fate(text)).toEqual(DELIVER);
  });

  it("delivers the error of a script that touches a key of another node (trap 10)", () => {
    const text =
      "ERR Script attempted to access a non local key in a cluster node script: 1b5, on @user_script:1.";
    expect(fate(text, { isScript: true, slot: -1 })).toEqual(DELIVER);
  });

  it.each<[string, RedisError]>([
    ["a lost connection", new ConnectionError("lost", { outcome: "unknown" })],
    ["a connection that could not be opened", new ConnectionError("x", { outcome: "not-sent" })],
    ["an overdue reply", new TimeoutError("late", { outcome: "unknown" })],
    [
      "a handshake that was refused with LOADING",
      Object.assign(errorFromReply(LOADING), { outcome: "not-sent" }),
    ],
  ])("delivers %s, which is no reply: the request may have been executed (trap 27)", (_, error) => {
    expect(fateOf(error, contextOf())).toEqual(DELIVER);
  });
});

describe("fateOf an error of EVAL or FCALL", () => {
  const isScript = true;

  it.each([MOVED, ASK])("follows %j, which the server sends before the script runs", (text) => {
    expect(fate(text, { isScript }).kind).not.toBe("deliver");
  });

  it.each([
    TRYAGAIN,
    "TRYAGAIN Slot is being trimmed",
    DOWN,
    "CLUSTERDOWN Hash slot not served",
    MASTERDOWN,
    LOADING,
    "LOADING Valkey is loading the dataset in memory",
  ])("waits after the server's text %j", (text) => {
    expect(fate(text, { isScript }).kind).toBe("wait");
  });

  it.each([
    "MOVED 4000 10.0.0.2:7001",
    "MOVED 3999 10.0.0.2:7001 script: 1b5, on @user_script:1.",
    "MOVED away",
    "ASK 3999",
    "TRYAGAIN later",
    "CLUSTERDOWN my own",
    "MASTERDOWN my own",
    "LOADING my own",
    ROLE_CHANGED,
  ])("delivers %j, which the script may have written after it changed data", (text) => {
    expect(fate(text, { isScript })).toEqual(DELIVER);
  });

  it("delivers every redirect of a script without keys", () => {
    expect(fate(MOVED, { isScript, slot: -1 })).toEqual(DELIVER);
  });

  it("delivers READONLY, and refreshes", () => {
    expect(fate(READONLY, { isScript })).toEqual(DELIVER_AND_REFRESH);
  });

  it("follows a MOVED of another slot for a command that is not a script", () => {
    expect(fate(MOVED, { slot: 1 })).toMatchObject({ kind: "move", slot: 3999 });
  });
});

describe("advance", () => {
  const error = errorFromReply(MOVED);

  it("counts redirects and waits, and keeps the first time and the last error", () => {
    const journey = newJourney();
    const later = errorFromReply(DOWN);
    advance(journey, error, { kind: "move", slot: 1, target: OTHER }, 10);
    advance(journey, error, { kind: "ask", slot: 1, target: OTHER }, 20);
    const wait = { kind: "wait", pause: 1, refresh: true, reconnect: false } as const;
    advance(journey, later, wait, 30);
    expect(journey).toMatchObject({ redirects: 2, waits: 1, since: 10, last: later });
  });

  it.each<Fate>([
    { kind: "deliver", refresh: true },
    { kind: "refuse", error },
  ])("leaves the journey as it is for %o", (end) => {
    const journey = newJourney();
    advance(journey, error, end, 10);
    expect(journey).toEqual(newJourney());
  });
});
