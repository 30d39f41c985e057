/** Scripts and libraries that the commands of a pipeline need: when they are loaded, and whose fault an error is. */
import { describe, expect, it } from "vitest";
import { ScriptLoads } from "../../../src/cluster/script-loads.js";
import { COMMANDS } from "../../../src/commands/generated/registry.js";
import { ResponseError } from "../../../src/errors.js";
import { LibrarySource, ScriptSource } from "../../../src/execution/preload.js";
import type { BatchEntry } from "../../../src/pipeline/batch-request.js";
import { TEXT } from "../../../src/protocol/reply.js";

const SCRIPT = new ScriptSource("return 1");
const LIBRARY = new LibrarySource("#!lua name=mylib\n");
const errorReply = (message: string): ResponseError =>
  new ResponseError(message, { code: message.split(" ")[0] as string });

function entry(name: string): BatchEntry {
  const info = COMMANDS.get(name);
  if (info === undefined) throw new Error(`no command ${name}`);
  return { info, args: [], decode: undefined, mode: TEXT };
}

describe("ScriptLoads.before", () => {
  it.each(["EVALSHA", "EVALSHA_RO", "FCALL", "FCALL_RO"])(
    "returns all of them before %s",
    (name) => {
      const loads = new ScriptLoads([SCRIPT, LIBRARY]);
      expect(loads.size).toBe(2);
      const commands = loads.before([entry("GET"), entry(name)]);
      expect(commands.map((command) => [command.name, ...command.args])).toEqual([
        ["SCRIPT LOAD", SCRIPT.code],
        ["FUNCTION LOAD", LIBRARY.code],
      ]);
    },
  );

  it("returns none before commands that call no script", () => {
    expect(new ScriptLoads([SCRIPT]).before([entry("GET"), entry("EVAL")])).toEqual([]);
    expect(new ScriptLoads([]).before([entry("EVALSHA")])).toEqual([]);
  });
});

describe("ScriptLoads.reasonOf", () => {
  it.each(["NOSCRIPT No matching script", "ERR Function not found"])(
    "returns the first error of loading for %s, in an error of its own per command",
    (message) => {
      const loads = new ScriptLoads([SCRIPT]);
      loads.onError(errorReply("ERR Error compiling script"));
      loads.onError(errorReply("ERR later"));
      const reason = loads.reasonOf(errorReply(message));
      expect(reason.message).toBe("ERR Error compiling script");
      expect(loads.reasonOf(errorReply(message))).not.toBe(reason);
    },
  );

  it("returns another error as it is, and NOSCRIPT when loading did not fail", () => {
    const loads = new ScriptLoads([SCRIPT]);
    const missing = errorReply("NOSCRIPT No matching script");
    expect(loads.reasonOf(missing)).toBe(missing);
    loads.onError(errorReply("ERR Library 'mylib' already exists"));
    expect(loads.reasonOf(missing)).toBe(missing);
    loads.onError(errorReply("ERR Error compiling script"));
    const other = errorReply("WRONGTYPE wrong kind");
    expect(loads.reasonOf(other)).toBe(other);
  });
});
