/**
 * Code of the user that the client calls: when it throws, returns something else than expected, or never settles, its
 * error reaches the caller, the process goes on, and the next command succeeds.
 */
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { describe, expect, it, vi } from "vitest";
import {
  type AddressSource,
  type ClientOptions,
  Connection,
  ConnectionError,
  ConnectionPool,
  JsParser,
  NoBackoff,
  type PoolOptions,
  Redis,
  ResponseError,
  Retry,
} from "../../src/index.js";
import { ensureCerts } from "../support/certs.js";
import { bulk, type MockServer, mockServer, type Peer } from "../support/mock-server.js";
import { errorOf } from "../support/settle.js";
import { expectNothingUnhandled } from "../support/unhandled.js";
import { until } from "../support/until.js";
import { NO_HANDSHAKE, watchEveryTest } from "../support/wire-clients.js";

expectNothingUnhandled();
watchEveryTest();

const MINE = "the code of the user failed";
const fail = (): never => {
  throw new Error(MINE);
};

/** Messages of an error and its causes. */
function messagesOf(error: unknown): string[] {
  const messages: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) messages.push(cause.message);
  return messages;
}

const { ca } = await ensureCerts();

async function answer(peer: Peer): Promise<void> {
  for await (const [name, key = ""] of peer.commands()) {
    if (key === "cut") peer.close();
    else peer.send(name === "GET" ? (key === "bad" ? "-ERR refused\r\n" : bulk(key)) : "+OK\r\n");
  }
}

/** Whether the code of the user fails at present. */
interface Fault {
  active: boolean;
}

interface Row {
  readonly tls?: boolean;
  readonly key?: string;
  readonly options: (fault: Fault, port: number) => PoolOptions;
  readonly message?: string | RegExp;
  /** Whether the connection is refused for good, so that the next attempt follows after a pause. */
  readonly refused?: boolean;
  /** Whether no call is concerned: what was thrown is an unhandled rejection. */
  readonly unowned?: boolean;
}

const never = (): Promise<never> => new Promise(() => {});

function source(port: number, parts: Partial<AddressSource>): AddressSource {
  return {
    description: "mine",
    resolve: async () => ({ kind: "tcp", host: "127.0.0.1", port }),
    ...parts,
  };
}

function classWith(
  openSocket: (original: () => Promise<Socket>) => Promise<Socket>,
): typeof Connection {
  return class extends Connection {
    protected override openSocket(): Promise<Socket> {
      return openSocket(() => super.openSocket());
    }
  };
}

const ROWS: Readonly<Record<string, Row>> = {
  "credentialProvider throws": {
    options: (fault) => ({
      credentialProvider: () => (fault.active ? fail() : { password: "x" }),
    }),
    message: MINE,
  },
  "credentialProvider throws a frozen error of the library": {
    options: (fault) => ({
      credentialProvider: () => {
        if (fault.active) throw Object.freeze(new ConnectionError(MINE));
        return { password: "x" };
      },
    }),
    message: MINE,
  },
  "credentialProvider returns a thenable that throws": {
    options: (fault) => ({
      credentialProvider: () =>
        fault.active
          ? ({
              // biome-ignore lint/suspicious/noThenProperty: test
              get then() {
                return fail();
              },
            } as never)
          : { password: "x" },
    }),
    message: MINE,
  },
  "the constructor of connectionClass throws": {
    options: (fault) => ({
      connectionClass: class extends Connection {
        constructor(...args: ConstructorParameters<typeof Connection>) {
          super(...args);
          if (fault.active) fail();
        }
      },
    }),
    message: MINE,
  },
  "openSocket() of connectionClass throws": {
    options: (fault) => ({
      connectionClass: classWith((original) => (fault.active ? fail() : original())),
    }),
    message: MINE,
  },
  "openSocket() of connectionClass rejects with a frozen error": {
    options: (fault) => ({
      connectionClass: classWith((original) =>
        fault.active ? Promise.reject(Object.freeze(new ConnectionError(MINE))) : original(),
      ),
    }),
    message: MINE,
  },
  "openSocket() of connectionClass returns undefined": {
    options: (fault) => ({
      connectionClass: classWith((original) => (fault.active ? (undefined as never) : original())),
    }),
    message: 'the result of "openSocket" must be a socket, got undefined',
    refused: true,
  },
  "openSocket() of connectionClass never settles": {
    options: (fault) => ({
      socketConnectTimeout: 50,
      connectionClass: classWith((original) => (fault.active ? never() : original())),
    }),
    message: /Timeout/,
  },
  "the constructor of parserClass throws": {
    options: (fault) => ({
      parserClass: class extends JsParser {
        constructor(...args: ConstructorParameters<typeof JsParser>) {
          super(...args);
          if (fault.active) fail();
        }
      },
    }),
    message: MINE,
  },
  "feed() of parserClass throws": {
    options: (fault) => ({
      parserClass: class extends JsParser {
        override feed(chunk: Buffer): void {
          if (fault.active) fail();
          super.feed(chunk);
        }
      },
    }),
    message: MINE,
  },
  "feed() of parserClass throws undefined": {
    options: (fault) => ({
      parserClass: class extends JsParser {
        override feed(chunk: Buffer): void {
          if (fault.active) throw undefined;
          super.feed(chunk);
        }
      },
    }),
    message: "Reading a reply failed",
  },
  "a class in retryOnError throws for instanceof": {
    key: "bad",
    options: (fault) => ({
      retryOnError: [
        class extends ResponseError {
          static override [Symbol.hasInstance](): boolean {
            return fault.active ? fail() : false;
          }
        },
      ],
    }),
    message: MINE,
  },
  "tls.checkServerIdentity throws": {
    tls: true,
    options: (fault) => ({
      host: "localhost",
      tls: {
        ca: readFileSync(ca),
        checkServerIdentity: () => (fault.active ? fail() : undefined),
      },
    }),
    message: MINE,
  },
  "tls.lookup throws": {
    tls: true,
    options: (fault) => ({
      host: "localhost",
      tls: {
        ca: readFileSync(ca),
        lookup: ((_host: string, _options: object, done: (...args: unknown[]) => void) => {
          if (fault.active) fail();
          done(null, [{ address: "127.0.0.1", family: 4 }]);
        }) as never,
      },
    }),
    message: MINE,
  },
  "resolve() of addressSource throws": {
    options: (fault, port) => ({
      addressSource: source(port, {
        resolve: () =>
          fault.active ? fail() : Promise.resolve({ kind: "tcp", host: "127.0.0.1", port }),
      }),
    }),
    message: MINE,
  },
  "resolve() of addressSource returns undefined": {
    options: (fault, port) => ({
      addressSource: source(port, {
        resolve: async () =>
          fault.active ? (undefined as never) : { kind: "tcp", host: "127.0.0.1", port },
      }),
    }),
    message: 'the result of resolve() of option "addressSource" must be an address, got undefined',
    refused: true,
  },
  "resolve() of addressSource never settles": {
    options: (fault, port) => ({
      socketConnectTimeout: 50,
      addressSource: source(port, {
        resolve: async () => (fault.active ? never() : { kind: "tcp", host: "127.0.0.1", port }),
      }),
    }),
    message: /Timeout/,
  },
  "verify() of addressSource never settles": {
    options: (fault, port) => ({
      socketConnectTimeout: 50,
      addressSource: source(port, {
        verify: async () => (fault.active ? never() : undefined),
      }),
    }),
    message: /Timeout/,
  },
  "verify() of addressSource throws": {
    options: (fault, port) => ({
      addressSource: source(port, {
        verify: () => (fault.active ? fail() : Promise.resolve()),
      }),
    }),
    message: MINE,
  },
  "classifyError() of addressSource throws": {
    key: "bad",
    options: (fault, port) => ({
      addressSource: source(port, {
        classifyError: () => (fault.active ? fail() : undefined),
      }),
    }),
    unowned: true,
    message: "ERR refused",
  },
  "redirect() of addressSource throws": {
    key: "bad",
    options: (fault, port) => ({
      addressSource: source(port, { redirect: () => (fault.active ? fail() : false) }),
    }),
    unowned: true,
    message: "ERR refused",
  },
  "connectionFailed() of addressSource throws": {
    key: "cut",
    options: (_, port) => ({ addressSource: source(port, { connectionFailed: fail }) }),
    unowned: true,
    message: "Connection closed by server.",
  },
  "detach() of addressSource throws": {
    key: "bad",
    options: (_, port) => ({ addressSource: source(port, { detach: fail }) }),
    unowned: true,
    message: "ERR refused",
  },
  "report() of addressSource throws": {
    options: (fault, port) => ({
      addressSource: source(port, {
        resolve: async () => ({ kind: "tcp", host: "127.0.0.1", port: fault.active ? 1 : port }),
        report: () => fail(),
      }),
    }),
    unowned: true,
    message: /ECONNREFUSED/,
  },
};

describe("code of the user", () => {
  it.each(Object.entries(ROWS))("fails its own command only when %s", async (_, row) => {
    const options = row.tls === undefined ? {} : { tls: row.tls };
    await using mock: MockServer = await mockServer(answer, options);
    const fault = { active: true };
    const pool = new ConnectionPool({
      host: mock.host,
      port: mock.port,
      socketTimeout: 1000,
      socketConnectTimeout: 500,
      retry: new Retry(new NoBackoff(), 1),
      ...NO_HANDSHAKE,
      ...row.options(fault, mock.port),
    });
    const redis = new Redis<ClientOptions>({ connectionPool: pool }) as Redis;
    const unowned: unknown[] = [];
    if (row.unowned === true) {
      vi.spyOn(Promise, "reject").mockImplementation((reason) => {
        unowned.push(reason);
        return never();
      });
    }
    const error = await errorOf(redis.get(row.key ?? "a"));
    const text = messagesOf(error).join("\n");
    if (row.message instanceof RegExp) expect(text).toMatch(row.message);
    else expect(text).toContain(row.message);
    fault.active = false;
    if (row.refused === true) await until(() => redis.get("b").catch(() => undefined));
    expect(await redis.get("b")).toBe("b");
    await pool.close();
    expect(unowned.length !== 0).toBe(row.unowned === true);
    for (const reason of unowned) expect(reason).toMatchObject({ message: MINE });
  });
});
