/** Credentials: their source, when they are requested, and where they must not appear. */
import { inspect } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { type Credentials, RedisError, type RedisOptions } from "../../src/index.js";
import { mockServer, type Peer } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { deferred } from "../support/until.js";
import { clientOf, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

async function answerAll(peer: Peer): Promise<void> {
  for await (const [name] of peer.commands()) peer.send(name === "GET" ? "$1\r\nv\r\n" : "+OK\r\n");
}

class VaultError extends RedisError {
  constructor(details: { vault: { name: string } }) {
    super(`the vault ${details.vault.name} is locked`);
  }
}

describe("credentialProvider", () => {
  it("is called for each connection, and may be asynchronous", async () => {
    const asked: number[] = [];
    const ready = deferred();
    await using mock = await mockServer(async (peer) => {
      const number = peer.index + 1;
      await peer.expect(["AUTH", `user${number}`, `password${number}`]);
      peer.send("+OK\r\n");
      await peer.expect(["GET", "k"]);
      peer.send("$1\r\nv\r\n");
      await peer.stall();
    });
    const credentialProvider = async (): Promise<Credentials> => {
      const number = asked.push(asked.length + 1);
      await ready.promise;
      return { username: `user${number}`, password: `password${number}` };
    };
    await using redis = clientOf(mock, { credentialProvider });
    expect(asked).toEqual([]);
    const first = redis.get("k");
    await waitEventLoopTurns();
    expect(mock.connections).toBe(0);
    ready.resolve();
    expect(await first).toBe("v");
    redis.disconnect();
    expect(await redis.get("k")).toBe("v");
    expect(asked).toEqual([1, 2]);
  });

  it("may return a password alone, synchronously", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["AUTH", "pw"]);
      peer.send("+OK\r\n");
      await answerAll(peer);
    });
    await using redis = clientOf(mock, { credentialProvider: () => ({ password: "pw" }) });
    expect(await redis.get("k")).toBe("v");
  });

  it.each([
    ["ELOCKED", "ELOCKED"],
    [7, "ECONNCLOSED"],
    [undefined, "ECONNCLOSED"],
  ])(
    "rejects the command with a text as code when the provider's error has code %j",
    async (...row) => {
      const [code, expected] = row;
      const credentialProvider = () => Promise.reject(Object.assign(new Error("no"), { code }));
      await using mock = await mockServer((peer) => peer.stall());
      await using redis = clientOf(mock, { credentialProvider });
      expect((await errorOf(redis.get("k"))).code).toBe(expected);
    },
  );

  it.each<[string, () => unknown, string]>([
    [
      "throws",
      () => {
        throw new Error("the vault is locked");
      },
      "the vault is locked",
    ],
    ["rejects", () => Promise.reject(new Error("the vault is locked")), "the vault is locked"],
    [
      "throws an error of a class that takes other arguments",
      () => {
        throw new VaultError({ vault: { name: "main" } });
      },
      "the vault main is locked",
    ],
    [
      "throws nothing",
      () => {
        throw undefined;
      },
      "",
    ],
    [
      "returns undefined",
      () => undefined,
      'option "credentialProvider" must return an object with a password',
    ],
    [
      "returns no password",
      () => ({ username: "u" }),
      'option "credentialProvider" must return an object with a password',
    ],
    [
      "returns a number",
      () => ({ password: 5 }),
      'password returned by option "credentialProvider" must be a string, got a number',
    ],
  ])(
    "rejects the command, not the process, when it fails: %s",
    async (_what, provider, message) => {
      const credentialProvider = vi.fn(provider as () => Credentials);
      await using mock = await mockServer((peer) => peer.stall());
      await using redis = clientOf(mock, { credentialProvider });
      const error = await errorOf(redis.get("k"));
      expect(error).toMatchObject({ command: "GET", outcome: "not-sent" });
      let texts = "";
      for (let at: unknown = error; at instanceof Error; at = at.cause) texts += `${at.message}\n`;
      expect(texts).toContain(message);
      expect(mock.connections).toBe(0);
    },
  );

  it("ends at the connect deadline when it never settles, and a later attempt may succeed", async () => {
    let hanging = true;
    const credentialProvider = vi.fn((): Credentials | Promise<Credentials> =>
      hanging ? new Promise<never>(() => {}) : { password: "pw" },
    );
    await using mock = await mockServer(answerAll);
    const options = { credentialProvider, socketConnectTimeout: 40, socketTimeout: 0 };
    await using redis = clientOf(mock, options);
    const error = await errorOf(redis.get("k"));
    expect(kindOf(error)).toBe("TimeoutError not-sent");
    expect(error.message).toBe("Timeout connecting to server");
    expect(credentialProvider).toHaveBeenCalledTimes(3);
    hanging = false;
    expect(await redis.get("k")).toBe("v");
  });

  it("does not delay close() when it never settles", async () => {
    await using mock = await mockServer(answerAll);
    const credentialProvider = () => new Promise<never>(() => {});
    await using redis = clientOf(mock, { credentialProvider, socketConnectTimeout: 0 });
    const failed = errorOf(redis.get("k"));
    await redis.close();
    expect(kindOf(await failed)).toBe("TimeoutError not-sent");
  });

  it("opens no connection when it resolves after all callers have rejected", async () => {
    const ready = deferred<Credentials>();
    await using mock = await mockServer(answerAll);
    await using redis = clientOf(mock, { credentialProvider: () => ready.promise });
    const failed = errorOf(redis.get("k"));
    await waitEventLoopTurns();
    redis.disconnect();
    ready.resolve({ password: "pw" });
    expect(kindOf(await failed)).toBe("ConnectionError not-sent");
    await waitEventLoopTurns();
    expect(mock.connections).toBe(0);
  });
});

describe("passwords and arguments", () => {
  const USERNAME = "the-user-name";
  const PASSWORD = "S3cr3t-P4ssw0rd";
  const ECHO = `-ERR unknown command 'AUTH', with args beginning with: '${USERNAME}' '${PASSWORD}'\r\n`;

  const printed = (value: unknown): string => {
    let text = `${String(value)} ${inspect(value, { depth: 12, showHidden: true })}`;
    for (let at = value; at instanceof Error; at = at.cause) {
      text += `${at.message} ${at.stack} ${JSON.stringify(at)} ${inspect(at, { showHidden: true })}`;
    }
    return text;
  };

  it.each<[string, RedisOptions, string]>([
    ["a server that repeats AUTH", {}, ECHO],
    ["a server that refuses it", {}, "-WRONGPASS invalid username-password pair\r\n"],
    ["a server that answers oddly", {}, `+${PASSWORD}\r\n`],
    ["RESP3", { protocol: 3 }, "-WRONGPASS invalid username-password pair\r\n"],
  ])("do not appear in errors: %s", async (_what, options, reply) => {
    const replies = { AUTH: reply, HELLO: reply };
    await using mock = await mockServer((peer) => peer.stall(), { handshake: { replies } });
    await using redis = clientOf(mock, { ...options, username: USERNAME, password: PASSWORD });
    const outputs: string[] = [];
    for (const method of ["log", "error", "warn", "debug"] as const) {
      vi.spyOn(console, method).mockImplementation((...words) => void outputs.push(words.join()));
    }
    const errors = await Promise.all([errorOf(redis.get("k")), errorOf(redis.connect())]);
    for (const thing of [...errors, redis, redis.connectionPool, redis.pipeline(), outputs]) {
      expect(printed(thing)).not.toContain(PASSWORD);
    }
    expect(mock.received.flat()).toContain(PASSWORD);
  });

  it("do not appear in errors when they come from a URL", async () => {
    await using mock = await mockServer((peer) => peer.reset());
    const { host, port } = mock;
    const url = `redis://${USERNAME}:${PASSWORD}@${host}:${port}/0`;
    await using redis = clientOf(mock, { host: undefined, port: undefined, url });
    const error = await errorOf(redis.get("k"));
    for (const thing of [error, redis]) expect(printed(thing)).not.toContain(PASSWORD);
    expect(error.server).toBe(`${host}:${port}`);
  });

  it("do not appear in any error of a command", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["SET", "k", PASSWORD]);
      peer.send("-ERR refused\r\n");
      await peer.expect(["SET", "k", PASSWORD]);
      await peer.reset();
    });
    await using redis = clientOf(mock);
    const refused = await errorOf(redis.set("k", PASSWORD));
    const lost = await errorOf(redis.set("k", PASSWORD));
    const bad = await errorOf(redis.set(PASSWORD, { [PASSWORD]: PASSWORD } as unknown as string));
    expect([refused, lost, bad].map(kindOf)).toEqual([
      "ResponseError",
      "ConnectionError unknown",
      "DataError",
    ]);
    for (const error of [refused, lost, bad]) expect(printed(error)).not.toContain(PASSWORD);
  });
});
