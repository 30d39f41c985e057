import { afterAll, describe, expect, it } from "vitest";
import { NoBackoff, Redis, Retry } from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { startServer } from "../support/server.js";
import { errorOf, kindOf, settle } from "../support/settle.js";

const PASSWORD = "p@ss/w:rd?#%+";
const encoded = encodeURIComponent(PASSWORD);
const server = await startServer({
  acl: [`alice on >${PASSWORD} ~* +@all`],
  unixSocket: true,
  tls: true,
});
const { port, unixPath = "", tlsPort, certs } = server;

afterAll(() => server.stop());

/** Return the server's description of the client's only connection. */
async function seen(redis: Redis): Promise<Record<string, string>> {
  await redis.ping();
  const clients = await server.clients();
  expect(clients).toHaveLength(1);
  return clients[0] ?? {};
}

describe("connection URLs", () => {
  it.each<[string, Record<string, string>]>([
    [`redis://alice:${encoded}@127.0.0.1:${port}`, { user: "alice", db: "0", resp: "2" }],
    [`redis://127.0.0.1:${port}?username=alice&password=${encoded}`, { user: "alice" }],
    [`REDIS://alice:${encoded}@127.0.0.1:${port}/3`, { db: "3" }],
    [`redis://alice:${encoded}@127.0.0.1:${port}/3?db=4`, { db: "4" }],
    [`redis://alice:${encoded}@127.0.0.1:${port}?client_name=by-url`, { name: "by-url" }],
    [`redis://alice:${encoded}@127.0.0.1:${port}?protocol=3`, { resp: "3" }],
    [`unix://alice:${encoded}@${unixPath}?db=5`, { db: "5", user: "alice" }],
    [`unix://alice:${encoded}@${unixPath}`, { laddr: `${unixPath}:0` }],
    [`rediss://alice:${encoded}@localhost:${tlsPort}/2?ssl_ca_certs=${certs?.ca}`, { db: "2" }],
    [`rediss://alice:${encoded}@localhost:${tlsPort}?ssl_cert_reqs=none`, { user: "alice" }],
  ])("%s", async (url, facts) => {
    await using redis = new Redis(url);
    expect(await seen(redis)).toMatchObject(facts);
  });

  it("fill options that are not given, and override none", async () => {
    const url = `redis://alice@127.0.0.1:${port}/1`;
    await using redis = Redis.fromUrl(url, { db: 2, password: PASSWORD, clientName: "mixed" });
    expect(await seen(redis)).toMatchObject({ db: "1", user: "alice", name: "mixed" });
  });

  it("give durations in seconds", async () => {
    await using proxy = await startProxy(server);
    const url = `redis://alice:${encoded}@127.0.0.1:${proxy.port}?socket_timeout=0.2`;
    await using redis = Redis.fromUrl(url, { retry: new Retry(new NoBackoff(), 0) });
    await redis.ping();
    proxy.down.stall();
    const ending = await settle(redis.ping());
    expect(ending.ok).toBe(false);
    expect(ending.ms).toBeGreaterThan(190);
    expect(ending.ms).toBeLessThan(1000);
    proxy.down.resume();
  });

  it("select bytes with decode_responses=no", async () => {
    const url = `redis://alice:${encoded}@127.0.0.1:${port}?decode_responses=no`;
    await using redis = new Redis(url);
    await redis.set("key", "value");
    expect(await redis.get("key")).toEqual(Buffer.from("value"));
  });

  it("reject a wrong password without showing it", async () => {
    await using redis = new Redis(`redis://alice:wrong-one@127.0.0.1:${port}`);
    const error = await errorOf(redis.ping());
    expect(kindOf(error)).toBe("AuthenticationError not-sent");
    expect(String(error)).not.toContain("wrong-one");
  });
});
