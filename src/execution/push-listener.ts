/**
 * Listeners of the RESP3 pushes of a dedicated connection: converts a push for its listener. What the listener throws,
 * or a push that cannot be decoded, never reaches the parser.
 */

import { plainReply } from "../commands/core/decode.js";
import type { PushListener } from "../connection/push-router.js";
import { DataError } from "../errors.js";
import { BIGINT, type Reply } from "../protocol/reply.js";
import { transcode } from "../protocol/transcode.js";
import { bindContext } from "../util/async-context.js";
import { guarded } from "../util/guarded.js";
import { callable, nonEmptyText } from "../util/validate.js";
import type { CallSettings } from "./call-settings.js";
import type { Executor } from "./executor.js";

/** Receives the items of a push after its type. */
export type PushHandler = (...items: never[]) => unknown;

/** Where a listener is registered. */
export interface PushContext {
  readonly executor: Executor;
  readonly call: CallSettings;
  readonly pool: { readonly settings: { readonly protocol: 2 | 3 } };
}

const handlerOrNull = callable<PushHandler>("a function or null");

/** Convert the items after the type as replies of unknown shape are converted. */
function itemsOf(items: readonly Reply[], call: CallSettings): readonly unknown[] {
  const mode = call.replyMode | BIGINT;
  const text = (bytes: Buffer): string => call.textContext.text(bytes);
  return items.slice(1).map((item) => plainReply(transcode(item, mode, text)));
}

function listenerOf(handler: PushHandler, settings: CallSettings): PushListener {
  // In the context of the call that registers it, not of the socket.
  const bound = bindContext(handler as (...items: unknown[]) => unknown);
  const call = guarded(bound, undefined);
  let hasWarned = false;
  return (items) => {
    let data: readonly unknown[];
    try {
      data = itemsOf(items, settings);
    } catch (error) {
      // The server sent it, any number of times: it must not end the process or fill its output.
      if (!hasWarned) process.emitWarning(error as Error);
      hasWarned = true;
      return;
    }
    call(...data);
  };
}

/**
 * Set the handler of a type of pushes, or remove it.
 *
 * @throws DataError for an invalid argument, a shared connection, or RESP2.
 */
export function setPushHandler(context: PushContext, type: unknown, handler: unknown): void {
  const { executor, call, pool } = context;
  const name = nonEmptyText('onPush: argument "type"', type);
  const given = handler === null ? null : handlerOrNull('onPush: argument "listener"', handler);
  if (executor.setPushListener === undefined) {
    const message = "onPush: pushes belong to one connection; use redis.client()";
    throw new DataError(message, { code: "ESHARED" });
  }
  if (pool.settings.protocol === 2) {
    throw new DataError("onPush: pushes need RESP3; create the client with { protocol: 3 }");
  }
  executor.setPushListener(name, given === null ? undefined : listenerOf(given, call));
}
