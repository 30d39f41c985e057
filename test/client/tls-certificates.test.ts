/** Plausible certificates that must be rejected before any data is sent. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect, promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { ensureOpenssl } from "../support/install.js";
import { bulk, mockServer } from "../support/mock-server.js";
import { describeProtocols } from "../support/protocols.js";
import { DEFAULT_DEADLINES, errorOf, kindOf } from "../support/settle.js";

const run = promisify(execFile);
const SECRET = "tls-secret";
const dir = await mkdtemp(join(tmpdir(), "rediswire-tls-"));

afterAll(() => rm(dir, { recursive: true, force: true }));

/** Create a self-signed certificate for localhost. */
async function selfSigned(name: string, days: number) {
  const [request, cert, key] = ["csr", "crt", "key"].map((end) => join(dir, `${name}.${end}`));
  const openssl = await ensureOpenssl();
  const requestArgs = [
    "req",
    "-new",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
  ];
  requestArgs.push("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost");
  await run(openssl, [...requestArgs, "-keyout", `${key}`, "-out", `${request}`]);
  // A negative number of days makes it expired; `req -x509` alone rejects that.
  const sign = ["x509", "-req", "-copy_extensions", "copy", "-days", `${days}`];
  await run(openssl, [...sign, "-in", `${request}`, "-signkey", `${key}`, "-out", `${cert}`]);
  return { cert: await readFile(`${cert}`), key: await readFile(`${key}`) };
}

const valid = await selfSigned("valid", 2);
const expired = await selfSigned("expired", -1);

describeProtocols("certificates that a client checks", (protocol) => {
  it.each<[string, typeof valid, object, string]>([
    ["a self-signed certificate", valid, {}, "DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["an expired certificate listed in ca", expired, { ca: expired.cert }, "CERT_HAS_EXPIRED"],
    [
      "a certificate for another name than the requested one",
      valid,
      { ca: valid.cert, servername: "elsewhere.invalid" },
      "ERR_TLS_CERT_ALTNAME_INVALID",
    ],
  ])("%s is rejected before any data is sent", async (_, served, tls, code) => {
    await using mock = await mockServer((peer) => peer.stall(), { tls: served });
    const options = { ...DEFAULT_DEADLINES, protocol, tls, username: "app", password: SECRET };
    const redis = new Redis("localhost", mock.port, options);
    const errors = await Promise.all([
      errorOf(redis.set(SECRET, SECRET)),
      errorOf(redis.pipeline().set(SECRET, SECRET).exec()),
      errorOf(redis.client().get(SECRET)),
    ]);
    for (const error of errors) {
      expect(kindOf(error)).toBe("ConnectionError not-sent");
      expect(error.code).toBe(code);
      expect(error.message).toMatch(/^Error [A-Z_]+ connecting to localhost:\d+\. /);
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(SECRET);
    }
    expect(mock.received).toEqual([]);
    redis.disconnect();
  });

  it("a self-signed certificate listed in ca is accepted, and nothing is sent before AUTH is answered", async () => {
    await using mock = await mockServer(
      async (peer) => {
        const greeting = await peer.next();
        expect(greeting[0]).toBe(protocol === 3 ? "HELLO" : "AUTH");
        await new Promise(setImmediate);
        expect(peer.unread.flat().join()).not.toContain("GET");
        peer.send(protocol === 3 ? "%1\r\n+proto\r\n:3\r\n" : "+OK\r\n");
        for await (const [name] of peer.commands())
          peer.send(name === "GET" ? bulk("v") : "+OK\r\n");
      },
      { tls: valid },
    );
    const options = { ...DEFAULT_DEADLINES, protocol, password: SECRET, tls: { ca: valid.cert } };
    await using redis = new Redis("localhost", mock.port, options);
    expect(await redis.get("key")).toBe("v");
  });

  it("a server that rejects the password receives no command", async () => {
    await using mock = await mockServer(
      async (peer) => {
        for await (const [name] of peer.commands()) {
          const refused = name === "AUTH" || name === "HELLO";
          peer.send(refused ? "-WRONGPASS invalid username-password pair\r\n" : "+OK\r\n");
        }
      },
      { tls: valid },
    );
    const options = { ...DEFAULT_DEADLINES, protocol, password: SECRET, tls: { ca: valid.cert } };
    const redis = new Redis("localhost", mock.port, options);
    const errors = [
      errorOf(redis.set("key", "value")),
      errorOf(redis.pipeline().get("key").exec()),
    ];
    for (const error of await Promise.all(errors)) {
      expect(kindOf(error)).toBe("AuthenticationError not-sent");
    }
    expect(mock.received.flat()).not.toContain("key");
    redis.disconnect();
  });
});
