/**
 * Every fault with every operation under both protocols. In each combination every promise settles in
 * time, with an error of the right class and the right outcome; no command is executed twice; the next
 * commands get their own replies; and no connection, socket, timer or signal listener is left.
 */

import { getEventListeners } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { ConstantBackoff, Redis, Retry } from "../../src/index.js";
import { FAULTS, type FaultEnvironment } from "../support/fault-matrix/faults.js";
import { reasonToSkip, withGrid } from "../support/fault-matrix/grid.js";
import { ACL, startLoadingServer, USER } from "../support/fault-matrix/loading-server.js";
import { OPERATIONS, type OperationContext } from "../support/fault-matrix/operations.js";
import { type Combination, MatrixRun } from "../support/fault-matrix/run.js";
import { type FaultProxy, startProxy } from "../support/fault-proxy.js";
import { watchLeaks } from "../support/leaks.js";
import { PROTOCOLS, type Protocol } from "../support/protocols.js";
import { startServer } from "../support/server.js";

const TIMEOUT = 5000;
const CONCURRENT = { concurrent: true } as const;

const run = new MatrixRun<OperationContext>({
  timeout: TIMEOUT,
  patient: (context) => {
    const { redis, session } = context;
    const patience = { timeout: TIMEOUT };
    return { ...context, redis: redis.with(patience), session: session.with(patience) };
  },
  isUsual: ({ redis }) => / shared=1 leased=[01] idle=\d waiting=0>$/.test(inspect(redis)),
  expectEmpty: ({ redis }) =>
    expect(inspect(redis)).toMatch(/ shared=0 leased=0 idle=0 waiting=0>$/),
});

const [server, loading] = await Promise.all([startServer(ACL), startLoadingServer()]);
const leaks = watchLeaks("/src/");

afterAll(async () => {
  await leaks.assertNone();
  await Promise.all([server.stop(), loading.stop()]);
});

const cases = PROTOCOLS.flatMap((protocol) =>
  FAULTS.flatMap((fault) =>
    OPERATIONS.filter((operation) => reasonToSkip(fault, operation) === undefined).map(
      (operation): [string, Protocol, Combination<OperationContext>] => [
        `RESP${protocol}, ${fault.name}: ${operation.name}`,
        protocol,
        { fault, operation },
      ],
    ),
  ),
);

describe("fault grid in docs/reliability.md", () => {
  it("equals the expected results of the fault matrix", async () => {
    const page = fileURLToPath(new URL("../../docs/reliability.md", import.meta.url));
    await expect(withGrid(readFileSync(page, "utf8"))).toMatchFileSnapshot(page);
  });
});

describe("fault matrix", CONCURRENT, () => {
  it.each(cases)("%s", async (_, protocol, combination) => {
    await using proxy = await startProxy(server);
    const timeout = combination.fault.timeout ?? TIMEOUT;
    // Under one protocol the commands have a signal; under the other they take the shorter path.
    const signal = protocol === 3 ? new AbortController().signal : undefined;
    const environment = createEnvironment(proxy, { protocol, timeout, signal });
    try {
      await run.run(environment, combination);
    } finally {
      environment.context.redis.disconnect();
    }
    if (signal !== undefined) expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

interface ClientSettings {
  readonly protocol: Protocol;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

let created = 0;

function createEnvironment(
  proxy: FaultProxy,
  settings: ClientSettings,
): FaultEnvironment<OperationContext> {
  const { protocol, timeout, signal } = settings;
  const credentials = { password: "right" };
  // All of the same length, so that each context sends the same number of bytes.
  const key = `m${String(++created).padStart(6, "0")}`;
  const client = new Redis(proxy.url, {
    protocol,
    clientName: key,
    credentialProvider: () => ({ username: USER, ...credentials }),
    socketTimeout: timeout,
    socketConnectTimeout: TIMEOUT,
    blockingGrace: timeout,
    retry: new Retry(new ConstantBackoff(5), 2),
  });
  const redis = signal === undefined ? client : client.with({ signal });
  const keys = {
    key,
    counter: `${key}c`,
    list: `${key}l`,
    otherKey: `${key}f`,
    missingKey: `${key}n`,
  };
  const command = (...words: string[]): Promise<unknown> => server.command(...words);
  const session = redis.client();
  const context = { client, redis, session, credentials, port: server.port, command, ...keys };
  return { proxy, context, size: { up: 0, down: 0 }, connections: 0, loading: loading.port };
}
