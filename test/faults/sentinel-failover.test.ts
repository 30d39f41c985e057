/**
 * Acknowledged writes survive a failover: one that is requested while the master is alive, and one after
 * the master was killed. The test prints its figures.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import { ConnectionError, type Redis, Sentinel } from "../../src/index.js";
import { type Sentinels, startSentinels } from "../support/sentinels.js";
import { missingOn, WriteLoad, type WriteResults } from "../support/write-load.js";

function print(
  title: string,
  { started, stall, errors }: WriteResults,
  lost: readonly string[],
): void {
  const figures = `${lost.length} of ${started} lost, ${errors.length} errors, stall ${Math.round(stall)} ms`;
  onTestFinished(() => console.log(`${title}: ${figures}`));
}

describe.each([100, 1000])("SENTINEL FAILOVER under %i writes per second", (rate) => {
  test("loses at most 1 % of the writes acknowledged in one second", async () => {
    await using servers = await startSentinels();
    await using sentinel = new Sentinel(servers.addresses);
    await using master = sentinel.masterFor(servers.name);
    const load = new WriteLoad(master, rate);
    await load.progress(rate);
    const now = await servers.failover();
    await load.progress(rate);
    const results = await load.stop();
    const lost = await missingOn(now, results.acknowledged);
    print(`FAILOVER at ${rate}/s`, results, lost);
    expect(results.errors).toEqual([]);
    expect(results.acknowledged).toHaveLength(results.started);
    expect(lost.length).toBeLessThanOrEqual(rate / 100);
    // Proves that the client has left the old master.
    expect(await servers.master.command("DBSIZE")).toBeLessThan(results.started);
  });
});

async function killedUnder(load: WriteLoad, servers: Sentinels) {
  await load.progress(100);
  servers.master.kill("SIGKILL");
  const now = await servers.newMasterAfter(servers.master);
  const promoted = performance.now();
  await load.progress(1);
  const resumed = performance.now() - promoted;
  await load.progress(100);
  const fates = await load.stop();
  const lost = await missingOn(now, fates.acknowledged);
  return { fates, lost, resumed };
}

describe("SIGKILL of the master", () => {
  test("loses at most one acknowledged write, and writes continue within a second of the promotion", async () => {
    await using servers = await startSentinels();
    await using sentinel = new Sentinel(servers.addresses);
    await using master = sentinel.masterFor(servers.name);
    const { fates, lost, resumed } = await killedUnder(new WriteLoad(master, 100), servers);
    print("SIGKILL at 100/s", fates, lost);
    expect(resumed).toBeLessThan(1000);
    // Commands in flight at the kill; all others waited for the new master.
    expect(fates.errors.length).toBeLessThan(10);
    for (const error of fates.errors) {
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({ command: "SET", outcome: "unknown" });
    }
    expect(fates.acknowledged.length + fates.errors.length).toBe(fates.started);
    expect(lost.length).toBeLessThanOrEqual(1);
  });

  test("loses no write that WAIT has confirmed", async () => {
    await using servers = await startSentinels();
    await using sentinel = new Sentinel(servers.addresses);
    await using master = sentinel.masterFor(servers.name);
    const { fates, lost } = await killedUnder(new WriteLoad(confirmed(master), 100), servers);
    print("SIGKILL at 100/s with WAIT 1", fates, lost);
    expect(fates.acknowledged.length + fates.errors.length).toBe(fates.started);
    expect(lost).toEqual([]);
  });
});

/** Count a write as acknowledged when one replica has it. */
function confirmed(master: Redis): Pick<Redis, "set"> {
  const set = async (key: string, value: string): Promise<true> => {
    const pipeline = master.pipeline({ transaction: false });
    const [, copies] = await pipeline.set(key, value).wait(1, 1000).exec();
    if (copies < 1) throw new Error("no replica has it");
    return true;
  };
  return { set } as Pick<Redis, "set">;
}
