/** Sentinel commands that only Valkey has. */
import { afterAll, expect, it } from "vitest";
import { describeClients } from "../../support/clients.js";
import { startSentinels } from "../../support/sentinels.js";

const servers = await startSentinels({ replicas: 1, sentinels: 1 });
const [server] = servers.sentinels;
if (server === undefined) throw new Error("no Sentinel");
afterAll(() => servers[Symbol.asyncDispose]());
const { name, master } = servers;

describeClients("SENTINEL commands of Valkey 8", server, ({ redis }) => {
  it("SENTINEL PRIMARIES describes the monitored primaries", async () => {
    const { host, port } = master;
    expect(await redis.sentinelPrimary(name)).toMatchObject({ name, port, isMaster: true });
    expect(Object.keys(await redis.sentinelPrimaries())).toEqual([name]);
    expect(await redis.sentinelGetPrimaryAddrByName(name)).toEqual([host, port]);
    expect(await redis.sentinelGetPrimaryAddrByName("missing")).toBeNull();
    expect(await redis.sentinelIsPrimaryDownByAddr(host, port, 0, "*")).toEqual([false, null, 0]);
  });
});
