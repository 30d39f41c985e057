import { describe, expect, it } from "vitest";
import { ConstantBackoff, Redis, Retry } from "../../src/index.js";
import { errorOf, kindOf, settle } from "../faults/settle.js";
import { freePort } from "../support/ports.js";
import { deferred } from "../support/until.js";

describe("close()", () => {
  it("does not wait for a command that has been aborted meanwhile", async () => {
    const pausing = deferred();
    class LongPause extends ConstantBackoff {
      override compute(failures: number): number {
        pausing.resolve();
        return super.compute(failures);
      }
    }
    const retry = new Retry(new LongPause(60_000), -1);
    const redis = new Redis("127.0.0.1", await freePort(), { socketTimeout: 0, retry });
    const controller = new AbortController();
    const get = errorOf(redis.with({ signal: controller.signal }).get("key"));
    await pausing.promise;
    const closed = redis.close();
    controller.abort();
    expect(kindOf(await get)).toBe("AbortError not-sent");
    expect((await settle(closed)).ok).toBe(true);
  });
});
