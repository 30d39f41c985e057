/**
 * Listeners of the RESP3 pushes of a dedicated connection: converts a push for its listener. What the listener throws,
 * or a push that cannot be decoded, never reaches the parser.
 */

import { isUint8Array } from "node:util/types";
import type { PushListener } from "../connection/push-router.js";
import { DataError } from "../errors.js";
import { MapReply, type Reply, SetReply } from "../protocol/reply.js";
import { bindContext } from "../util/async-context.js";
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

/** Convert byte strings to text, also inside of lists. */
function textOf(item: Reply, call: CallSettings): unknown {
  if (isUint8Array(item)) return call.textContext.text(item);
  if (Array.isArray(item)) return item.map((each) => textOf(each, call));
  if (item instanceof MapReply || item instanceof SetReply)
    return item.items.map((each) => textOf(each, call));
  return item;
}

function itemsOf(items: readonly Reply[], call: CallSettings): readonly unknown[] {
  const data = items.slice(1);
  return call.bytes ? data : data.map((item) => textOf(item, call));
}

function guarded(handler: PushHandler, call: CallSettings): PushListener {
  // In the context of the call that registers it, not of the socket.
  const bound = bindContext(handler as (...items: unknown[]) => unknown);
  let hasWarned = false;
  return (items) => {
    let data: readonly unknown[];
    try {
      data = itemsOf(items, call);
    } catch (error) {
      // The server sent it, any number of times: it must not end the process or fill its output.
      if (!hasWarned) process.emitWarning(error as Error);
      hasWarned = true;
      return;
    }
    try {
      bound(...data);
    } catch (error) {
      void Promise.reject(error);
    }
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
  executor.setPushListener(name, given === null ? undefined : guarded(given, call));
}
