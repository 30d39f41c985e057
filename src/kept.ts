/**
 * Owns one idle object of each class the commands are made of, for as long as the client lives.
 *
 * V8 optimizes code for the hidden classes it has seen, and throws that code away when a full garbage
 * collection finds no object of such a class: a client that was idle then would start slowly again and
 * again, at twice the CPU time per command for its next hundred thousand commands.
 */
import { PlainBatch, Transaction } from "./batch.js";
import type { Call } from "./call.js";
import { ArgList } from "./commands/args.js";
import { CommandInfo } from "./commands/info.js";
import type { ConnectionPool } from "./connection/pool.js";
import { Pipeline } from "./pipeline.js";
import { Encoder } from "./protocol/encoder.js";
import { Request } from "./request.js";

const NOTHING = new CommandInfo("");
const NO_COMMANDS = { entries: [], wire: [] };

/**
 * Make the objects to keep. None of them is ever run.
 *
 * @returns What the client has to hold on to.
 */
export function keptFor(pool: ConnectionPool, call: Call): readonly unknown[] {
  const encoder = new Encoder(pool.settings);
  return [
    new ArgList(NOTHING),
    new Request(NOTHING, [], { call, decode: undefined, traits: call }),
    new PlainBatch(NO_COMMANDS, call, call),
    new Transaction(NO_COMMANDS, call, call),
    new Pipeline({ executor: pool, call, encoder, leaser: pool }),
  ];
}
