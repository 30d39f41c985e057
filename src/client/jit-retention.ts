/**
 * Keeps one unused object of each class on the hot path alive as long as the client.
 *
 * V8 discards optimized code when a full garbage collection finds no object of a hidden class the code
 * depends on. A client that was idle then would need twice the CPU time per command for its next hundred
 * thousand commands.
 */

import { ArgList } from "../commands/core/args.js";
import { CommandInfo } from "../commands/core/info.js";
import { InternalRequest } from "../connection/internal-request.js";
import { CommandRequest } from "../execution/command-request.js";
import { BatchRequest } from "../pipeline/batch-request.js";
import type { PipelineDependencies } from "../pipeline/dependencies.js";
import { Pipeline } from "../pipeline/pipeline.js";
import { TransactionRequest } from "../pipeline/transaction-request.js";

const NO_COMMAND = new CommandInfo("");
const NO_COMMANDS = { entries: [], wire: [] };
const ignore = (): void => {};

/**
 * Create the objects to retain. None of them is ever sent.
 *
 * @returns The objects; the client must keep a reference.
 */
export function retainOptimizedShapes(dependencies: PipelineDependencies): readonly unknown[] {
  const { call } = dependencies;
  return [
    new ArgList(NO_COMMAND),
    new InternalRequest([], 0, { done: ignore, failed: ignore }),
    new CommandRequest(NO_COMMAND, [], { call, decode: undefined, traits: call }),
    new BatchRequest(NO_COMMANDS, call, call),
    new TransactionRequest(NO_COMMANDS, call, call),
    new Pipeline(dependencies),
  ];
}
