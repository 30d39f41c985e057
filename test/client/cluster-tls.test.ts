/** TLS on a real cluster: which name the certificate of a node is checked against, and how to choose it. */
import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { RedisCluster, type RedisClusterOptions } from "../../src/index.js";
import type { LocalCluster } from "../../src/testing/cluster.js";
import { startCluster } from "../support/cluster.js";
import { errorOf } from "../support/settle.js";

let servers: LocalCluster;
let ca: Buffer;
/** A key of each primary. */
let keys: string[];

beforeAll(async () => {
  servers = await startCluster({
    primaries: 2,
    replicas: 1,
    tls: true,
    config: { "cluster-announce-hostname": "localhost" },
  });
  ca = readFileSync(servers.certificates?.ca ?? "");
  const candidates = Array.from({ length: 50 }, (_, i) => `key:${i}`);
  keys = [0, 1].map((n) => candidates.find((key) => keySlot(key, "utf8") >> 13 === n) ?? "");
});

afterAll(() => servers.stop());

/** A client whose startup node has a host name; the nodes announce their IP addresses. */
function connect(tls: ConnectionOptions | true, options: RedisClusterOptions = {}): RedisCluster {
  const [[, port]] = servers.addresses as [[string, number]];
  return new RedisCluster("localhost", port, { tls, ...options }) as RedisCluster;
}
const read = (client: RedisCluster): Promise<unknown[]> =>
  Promise.all(keys.map((key) => client.get(key)));
const configure = (...words: string[]): Promise<unknown[]> =>
  Promise.all(servers.nodes.map((node) => node.command("CONFIG", "SET", ...words)));

/** A certificate that is valid for some names only, and the names it was checked against. */
function certificateFor(...names: string[]) {
  const checked = new Set<string>();
  const checkServerIdentity = (name: string): Error | undefined => {
    checked.add(name);
    if (names.includes(name)) return undefined;
    const details = { code: "ERR_TLS_CERT_ALTNAME_INVALID" };
    return Object.assign(new Error("not a name of the certificate"), details);
  };
  return { checked, tls: { ca, checkServerIdentity } };
}

describe("TLS on a cluster", () => {
  it("connects to the TLS ports of all nodes, with one option tls for the startup nodes and the others", async () => {
    await using client = connect({ ca });
    expect(await read(client)).toEqual([null, null]);
    const ports = client.getNodes().map(({ port }) => port);
    expect(ports.sort()).toEqual(servers.addresses.map(([, port]) => port).sort());
  });

  it("takes a rediss:// URL", async () => {
    const url = `${servers.url}?ssl_ca_certs=${encodeURIComponent(servers.certificates?.ca ?? "")}`;
    await using client = RedisCluster.fromUrl(url);
    expect(await read(client)).toEqual([null, null]);
  });

  it("checks the certificate of each node against the address that the nodes announce", async () => {
    const { checked, tls } = certificateFor("localhost", "127.0.0.1");
    await using client = connect(tls);
    await read(client);
    expect([...checked]).toEqual(["localhost", "127.0.0.1"]);
  });

  it("rejects commands without waiting when the certificates have no IP addresses", async () => {
    await using client = connect(certificateFor("localhost").tls, { socketTimeout: 60_000 });
    const error = await errorOf(client.get("key"));
    expect(error).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID", outcome: "not-sent" });
    expect(error.message).toContain("127.0.0.1");
  });

  it("checks all certificates against option tls.servername, also those for another host name", async () => {
    const { cert, key, wrongHostCert, wrongHostKey } = servers.certificates ?? {};
    const use = (certificate = "", privateKey = "") =>
      configure("tls-cert-file", certificate, "tls-key-file", privateKey);
    await use(wrongHostCert, wrongHostKey);
    try {
      await using strict = connect({ ca });
      expect(await errorOf(strict.connect())).toMatchObject({ outcome: "not-sent" });
      await using named = connect({ ca, servername: "elsewhere.invalid" });
      expect(await read(named)).toEqual([null, null]);
    } finally {
      await use(cert, key);
    }
  });

  it("checks against host names when the nodes announce those", async () => {
    await configure("cluster-preferred-endpoint-type", "hostname");
    try {
      const { checked, tls } = certificateFor("localhost");
      await using client = connect(tls);
      expect(await read(client)).toEqual([null, null]);
      expect([...checked]).toEqual(["localhost"]);
      expect(client.getPrimaries().map(({ host }) => host)).toEqual(["localhost", "localhost"]);
    } finally {
      await configure("cluster-preferred-endpoint-type", "ip");
    }
  });

  it("checks against the host names that option addressRemap returns", async () => {
    const { checked, tls } = certificateFor("localhost");
    await using client = connect(tls, { addressRemap: ([, port]) => ["localhost", port] });
    expect(await read(client)).toEqual([null, null]);
    expect([...checked]).toEqual(["localhost"]);
  });

  it("follows a slot that moves, and a fail-over", async () => {
    await using client = connect({ ca });
    const [key = ""] = keys;
    const slot = keySlot(key, "utf8");
    expect(await client.incr(key)).toBe(1);
    await servers.failover(await servers.ownerOf(slot));
    expect(await client.incr(key)).toBe(2);
    const [, other] = servers.primaries;
    if (other === undefined) throw new Error("no second primary");
    await servers.moveSlot(slot, other);
    expect(await client.incr(key)).toBe(3);
  });
});
