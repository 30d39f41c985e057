/** Thousands of subscriptions: the commands that end them, and when the promise settles. */
import { expect, it } from "vitest";
import { kindOfFailure } from "../support/settle.js";
import { clientOf, watchEveryTest } from "../support/wire-clients.js";
import {
  commandsAfterHandshake,
  confirmSubscriptions,
  describePubSubReplies,
  mockWithHandshake,
} from "../support/wire-pubsub.js";

watchEveryTest();

describePubSubReplies("thousands of PubSub subscriptions", (replies) => {
  const { protocol } = replies;
  const names = Array.from({ length: 2500 }, (_, index) => `channel:${index}`);

  it("are unsubscribed by commands of 1000 names each, and one promise", async () => {
    await using mock = await mockWithHandshake((peer) => confirmSubscriptions(peer, replies));
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe(names);
    expect(pubsub.channels).toEqual(names);
    await pubsub.unsubscribe();
    expect(pubsub.channels).toEqual([]);
    expect(pubsub.subscribed).toBe(false);
    const ends = commandsAfterHandshake(mock).filter(([name]) => name === "UNSUBSCRIBE");
    expect(ends.map((words) => words.length - 1)).toEqual([1000, 1000, 500]);
    expect(ends.flatMap(([, ...rest]) => rest)).toEqual(names);
  });

  it("stay subscribed where the server refuses to unsubscribe", async () => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", ...names]);
      peer.send(...names.map((name, i) => replies.confirm(["subscribe", name, i + 1])));
      const first = await peer.next();
      peer.send(
        ...first.slice(1).map((name, i) => replies.confirm(["unsubscribe", name, 2499 - i])),
      );
      peer.send("-NOPERM no\r\n", "-NOPERM no\r\n");
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe(names);
    expect(await kindOfFailure(pubsub.unsubscribe())).toBe("NoPermissionError");
    expect(pubsub.channels).toEqual(names.slice(1000));
    await pubsub.close();
  });
});
