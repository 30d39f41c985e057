/** Starting single commands on an executor: reply modes, and the hook that tracks SELECT. */

import { describe, expect, it, vi } from "vitest";
import { type Arg, CommandInfo, type Decoder, SESSION } from "../../../src/commands/core/info.js";
import { keySlot } from "../../../src/commands/core/key-slot.js";
import type { Request } from "../../../src/connection/request.js";
import { ResponseError } from "../../../src/errors.js";
import { CallSettings } from "../../../src/execution/call-settings.js";
import { CommandRequest } from "../../../src/execution/command-request.js";
import { type ExecutionContext, execute } from "../../../src/execution/execute.js";
import type { Executor } from "../../../src/execution/executor.js";
import { normalizeOptions } from "../../../src/options/normalize.js";
import { TEXT } from "../../../src/protocol/reply.js";

const call = new CallSettings(normalizeOptions({}), {}, new Map());
const GET = new CommandInfo("GET");
const SELECT = new CommandInfo("SELECT", { flags: SESSION });
const RESET = new CommandInfo("RESET", { flags: SESSION });

/** An executor of one connection that keeps its requests, and the databases it is notified of. */
function fakeExecutor() {
  const requests: Request[] = [];
  const databases: (Arg | undefined)[] = [];
  const executor: Executor = {
    exclusive: true,
    address: undefined,
    execute: (request) => void requests.push(request),
    executeExclusively: (request) => void requests.push(request),
    onDatabaseSelected: (db) => void databases.push(db),
    close: async () => {},
  };
  const context: ExecutionContext = { executor, call };
  return { context, requests, databases };
}

describe("CommandRequest", () => {
  it("computes its reply mode once, when it is created", () => {
    const info = new CommandInfo("GET");
    const flags = vi.fn(() => 0);
    Object.defineProperty(info, "flags", { get: flags });
    const request = new CommandRequest(info, ["key"], {
      call,
      decode: (reply) => reply,
      traits: call,
    });
    flags.mockClear();
    expect(request.replyMode()).toBe(TEXT);
    expect(request.acceptReply("value")).toBe(true);
    expect(flags).not.toHaveBeenCalled();
  });
});

describe("CommandRequest.slot", () => {
  it("returns the slot of the key in the encoding given", () => {
    const info = new CommandInfo("GET", { keys: [1, 1, 1] });
    const request = new CommandRequest(info, ["é"], { call, decode: undefined, traits: call });
    expect(request.slot("utf8")).toBe(keySlot(Buffer.from([0xc3, 0xa9]), "utf8"));
    expect(request.slot("latin1")).toBe(keySlot(Buffer.from([0xe9]), "utf8"));
  });
});

describe("execute() of SELECT and RESET", () => {
  it("stores the selected database when the server has replied OK", async () => {
    const { context, requests, databases } = fakeExecutor();
    const selected = execute(context, { info: SELECT, args: ["3"], decode: undefined });
    expect(databases).toEqual([]);
    requests[0]?.acceptReply("OK");
    expect(await selected).toBe("OK");
    const reset = execute(context, { info: RESET, args: [], decode: undefined });
    requests[1]?.acceptReply("RESET");
    expect(await reset).toBe("RESET");
    expect(databases).toEqual(["3", undefined]);
  });

  it("stores no database when the server refuses the command", async () => {
    const { context, requests, databases } = fakeExecutor();
    const selected = execute(context, { info: SELECT, args: ["99"], decode: undefined });
    requests[0]?.acceptError(new ResponseError("ERR DB index is out of range"));
    await expect(selected).rejects.toThrow("ERR DB index is out of range");
    expect(databases).toEqual([]);
  });

  it("stores the database even if the caller was cancelled before the reply", async () => {
    const { context, requests, databases } = fakeExecutor();
    const selected = execute(context, { info: SELECT, args: ["3"], decode: undefined });
    requests[0]?.fail(new ResponseError("ERR cancelled"));
    await expect(selected).rejects.toThrow("ERR cancelled");
    requests[0]?.acceptReply("OK");
    expect(databases).toEqual(["3"]);
  });

  it("passes the decoder to the request unchanged", async () => {
    const { context, requests } = fakeExecutor();
    const decode = vi.fn<Decoder>(() => "decoded");
    const selected = execute(context, { info: SELECT, args: ["3"], decode });
    requests[0]?.acceptReply("OK");
    expect(await selected).toBe("decoded");
    expect(decode).toHaveBeenCalledExactlyOnceWith("OK", call.textContext);
  });

  it("creates the request of any other command without hooks", () => {
    const { context, requests } = fakeExecutor();
    void execute(context, { info: GET, args: ["key"], decode: undefined });
    expect(Object.getPrototypeOf(requests[0])).toBe(CommandRequest.prototype);
  });
});
