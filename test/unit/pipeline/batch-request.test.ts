/** The completion hooks of batches. Replies and errors are covered by the wire tests of pipelines. */
import { describe, expect, it } from "vitest";
import { CommandInfo } from "../../../src/commands/core/info.js";
import { ResponseError } from "../../../src/errors.js";
import { CallSettings } from "../../../src/execution/call-settings.js";
import { normalizeOptions } from "../../../src/options/normalize.js";
import { BatchRequest } from "../../../src/pipeline/batch-request.js";
import { TransactionRequest } from "../../../src/pipeline/transaction-request.js";
import { TEXT } from "../../../src/protocol/reply.js";

const call = new CallSettings(normalizeOptions({}), {}, new Map());
const SELECT = new CommandInfo("SELECT");

/** Three SELECTs, and the indexes of those whose hooks were called. */
function selects() {
  const succeeded: number[] = [];
  const entries = [0, 1, 2].map(() => ({ info: SELECT, args: [], decode: undefined, mode: TEXT }));
  const onSuccess = new Map([0, 1, 2].map((index) => [index, () => void succeeded.push(index)]));
  return { commands: { entries, wire: [], onSuccess }, succeeded };
}

const refused = () => new ResponseError("ERR DB index is out of range");

describe("a batch with completion hooks", () => {
  it("calls the hooks of the commands that succeeded, when all replies have arrived", async () => {
    const { commands, succeeded } = selects();
    const request = new BatchRequest(commands, call, call);
    request.acceptReply("OK");
    request.acceptError(refused());
    expect(succeeded).toEqual([]);
    request.acceptReply("OK");
    expect(succeeded).toEqual([0, 2]);
    expect(await request.promise).toHaveLength(3);
  });

  it("calls them even if the caller was cancelled before the replies", async () => {
    const { commands, succeeded } = selects();
    const request = new BatchRequest(commands, call, call);
    request.fail(new ResponseError("ERR cancelled"));
    for (let i = 0; i < 3; i++) request.acceptReply("OK");
    expect(succeeded).toEqual([0, 1, 2]);
    await expect(request.promise).rejects.toThrow("ERR cancelled");
  });

  it("calls them by the replies inside EXEC's, and not when EXEC returns null", async () => {
    const executed = selects();
    const request = new TransactionRequest(executed.commands, call, call);
    for (const reply of ["OK", "QUEUED", "QUEUED", "QUEUED"]) request.acceptReply(reply);
    expect(request.acceptReply(["OK", refused(), "OK"])).toBe(true);
    expect(executed.succeeded).toEqual([0, 2]);
    await request.promise;
    const dropped = selects();
    const second = new TransactionRequest(dropped.commands, call, call);
    for (const reply of ["OK", "QUEUED", "QUEUED", "QUEUED", null]) second.acceptReply(reply);
    expect(dropped.succeeded).toEqual([]);
    await expect(second.promise).rejects.toThrow("Watched variable changed.");
  });
});
