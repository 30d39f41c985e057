/** Handlers in the async context of the call that passed them, not of the call that opened the connection. */
import { presentContext } from "../util/async-context.js";
import type { Subscription } from "./channel-codec.js";

/** Bind the handlers of subscriptions to the present async context. */
export function boundHandlers(subscriptions: ReadonlyMap<string, Subscription>): Subscription[] {
  const bind = presentContext();
  return Array.from(subscriptions.values(), (subscription) => {
    const { handler } = subscription;
    return handler === null ? subscription : { ...subscription, handler: bind(handler) };
  });
}
