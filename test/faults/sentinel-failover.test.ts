/**
 * Owns the proof that acknowledged writes survive a fail-over: with the master alive and told to step
 * back, and with the master killed. The figures are printed.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import { ConnectionError, type Redis, Sentinel } from "../../src/index.js";
import { type Sentinels, startSentinels } from "../support/sentinels.js";
import { type Fates, missingOn, WriteLoad } from "../support/write-load.js";

function print(title: string, { started, stall, errors }: Fates, lost: readonly string[]): void {
  const figures = `${lost.length} of ${started} lost, ${errors.length} errors, stall ${Math.round(stall)} ms`;
  onTestFinished(() => console.log(`${title}: ${figures}`));
}

describe.each([100, 1000])("SENTINEL FAILOVER under %i writes a second", (rate) => {
  test("loses at most 1 % of one second's acknowledged writes", async () => {
    await using servers = await startSentinels();
    await using sentinel = new Sentinel(servers.addresses);
    await using master = sentinel.masterFor(servers.name);
    const load = new WriteLoad(master, rate);
    await load.progress(rate);
    const now = await servers.failover();
    await load.progress(rate);
    const fates = await load.stop();
    const lost = await missingOn(now, fates.acknowledged);
    print(`FAILOVER at ${rate}/s`, fates, lost);
    expect(fates.errors).toEqual([]);
    expect(fates.acknowledged).toHaveLength(fates.started);
    expect(lost.length).toBeLessThanOrEqual(rate / 100);
    // Otherwise the test would not notice that the old master was kept.
    expect(await servers.master.command("DBSIZE")).toBeLessThan(fates.started);
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
  test("loses no acknowledged write that a replica had received, and writing goes on", async () => {
    await using servers = await startSentinels();
    await using sentinel = new Sentinel(servers.addresses);
    await using master = sentinel.masterFor(servers.name);
    const { fates, lost, resumed } = await killedUnder(new WriteLoad(master, 100), servers);
    print("SIGKILL at 100/s", fates, lost);
    expect(resumed).toBeLessThan(1000);
    // What was on the wire at that moment; all others waited for the new master.
    expect(fates.errors.length).toBeLessThan(10);
    for (const error of fates.errors) {
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({ command: "SET", outcome: "unknown" });
    }
    expect(fates.acknowledged.length + fates.errors.length).toBe(fates.started);
    expect(lost.length).toBeLessThanOrEqual(1);
  });

  test("loses nothing that WAIT has confirmed", async () => {
    await using servers = await startSentinels();
    await using sentinel = new Sentinel(servers.addresses);
    await using master = sentinel.masterFor(servers.name);
    const { fates, lost } = await killedUnder(new WriteLoad(confirmed(master), 100), servers);
    print("SIGKILL at 100/s with WAIT 1", fates, lost);
    expect(fates.acknowledged.length + fates.errors.length).toBe(fates.started);
    expect(lost).toEqual([]);
  });
});

/** Writes count as acknowledged when one more server has them. */
function confirmed(master: Redis): Pick<Redis, "set"> {
  const set = async (key: string, value: string): Promise<true> => {
    const pipeline = master.pipeline({ transaction: false });
    const [, copies] = await pipeline.set(key, value).wait(1, 1000).exec();
    if (copies < 1) throw new Error("no replica has it");
    return true;
  };
  return { set } as Pick<Redis, "set">;
}
