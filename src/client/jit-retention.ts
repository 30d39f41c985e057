/**
 * Owns one idle object of each class the commands are made of, for as long as the client lives.
 *
 * V8 optimizes code for the hidden classes it has seen, and throws that code away when a full garbage
 * collection finds no object of such a class: a client that was idle then would start slowly again and
 * again, at twice the CPU time per command for its next hundred thousand commands.
 */

import { ArgList } from "../commands/core/args.js";
import { CommandInfo } from "../commands/core/info.js";
import type { CallSettings } from "../execution/call-settings.js";
import { CommandRequest } from "../execution/command-request.js";
import { BatchRequest, TransactionRequest } from "../pipeline/batch-request.js";
import { Pipeline } from "../pipeline/pipeline.js";
import type { ConnectionPool } from "../pool/pool.js";
import { Encoder } from "../protocol/encoder.js";

const NOTHING = new CommandInfo("");
const NO_COMMANDS = { entries: [], wire: [] };

/**
 * Make the objects to keep. None of them is ever run.
 *
 * @returns What the client has to hold on to.
 */
export function retainOptimizedShapes(
  pool: ConnectionPool,
  call: CallSettings,
): readonly unknown[] {
  const encoder = new Encoder(pool.settings);
  return [
    new ArgList(NOTHING),
    new CommandRequest(NOTHING, [], { call, decode: undefined, traits: call }),
    new BatchRequest(NO_COMMANDS, call, call),
    new TransactionRequest(NO_COMMANDS, call, call),
    new Pipeline({ executor: pool, call, encoder, leaser: pool }),
  ];
}
