/**
 * A small Sentinel deployment for tests: one master, its replicas, and the Sentinels that monitor them,
 * with timeouts short enough to fail over within a test.
 */
import type { LocalServer } from "./local-server.js";
import type { LocalServerOptions } from "./server-configuration.js";
import { until } from "./until.js";

/** Starts one server. */
export type StartOne = (options: Omit<LocalServerOptions, "program">) => Promise<LocalServer>;

/** Options of {@link startDeployment}. */
export interface DeploymentOptions {
  /** Name of the monitored master; default `"mymaster"`. */
  readonly name?: string;
  /** Number of replicas; default 2. */
  readonly replicas?: number;
  /** Number of Sentinels; default 3. */
  readonly sentinels?: number;
  /** Password of the master and the replicas. */
  readonly password?: string;
  /** Password of the Sentinels. */
  readonly sentinelPassword?: string;
  /** Additional configuration of the master and the replicas. */
  readonly config?: NonNullable<LocalServerOptions["config"]>;
  /** Other options of the master and the replicas. */
  readonly data?: Omit<LocalServerOptions, "program" | "config" | "password" | "replicaOf">;
}

/** A running deployment. */
export interface Deployment extends AsyncDisposable {
  readonly name: string;
  /** The first master. After a failover, see {@link Deployment.currentMaster}. */
  readonly master: LocalServer;
  readonly replicas: readonly LocalServer[];
  readonly sentinels: readonly LocalServer[];
  /** Host and port of each Sentinel. */
  readonly addresses: [string, number][];
  /** Return the server that all Sentinels report as master. */
  currentMaster(): Promise<LocalServer>;
  /** Promote a replica while the master is alive; return the new master. */
  failover(): Promise<LocalServer>;
  /** Wait until all Sentinels report another master, and its role is master; return it. */
  newMasterAfter(old: LocalServer): Promise<LocalServer>;
}

const START_MS = 30_000;
const DOWN_AFTER_MS = 1_000;
const WAIT_MS = 1_000;

/**
 * Start one master, replicas and Sentinels.
 *
 * @param options - Default: one master, two replicas and three Sentinels.
 * @param startOne - Starts a server.
 * @returns The deployment, when every Sentinel has discovered all replicas and all other Sentinels.
 */
export async function startDeployment(
  options: DeploymentOptions,
  startOne: StartOne,
): Promise<Deployment> {
  const started: LocalServer[] = [];
  const start: StartOne = async (more) => {
    const server = await startOne(more);
    started.push(server);
    return server;
  };
  try {
    return await build(options, start);
  } catch (error) {
    await Promise.all(started.map((server) => server.stop()));
    throw error;
  }
}

async function build(options: DeploymentOptions, start: StartOne): Promise<Deployment> {
  const { name = "mymaster", replicas = 2, sentinels = 3, password, sentinelPassword } = options;
  const config = {
    "repl-ping-replica-period": "1",
    // A master that returns as a replica must authenticate with the new master.
    ...(password === undefined ? {} : { masterauth: password }),
    ...options.config,
  };
  const access = password === undefined ? {} : { password };
  const data = { ...options.data, config, ...access };
  const master = await start(data);
  const replicaServers = await times(replicas, () => start({ ...data, replicaOf: master }));
  await waitForReplicas(master, replicas);
  const sentinelServers = await times(sentinels, () =>
    start({
      sentinel: true,
      config: sentinelConfig({ name, master, sentinels, password, sentinelPassword }),
      ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
    }),
  );
  await Promise.all(
    sentinelServers.map((sentinel) => waitForDiscovery(sentinel, { name, replicas, sentinels })),
  );
  return new LocalDeployment({
    name,
    master,
    replicas: replicaServers,
    sentinels: sentinelServers,
  });
}

/** A replica whose link is up may still miss writes until it has acknowledged one. */
async function waitForReplicas(master: LocalServer, replicas: number): Promise<void> {
  if (replicas === 0) return;
  await until(
    async () => {
      await master.command("PUBLISH", "rediswire:ready", "");
      return Number(await master.command("WAIT", replicas, WAIT_MS)) === replicas;
    },
    { timeout: START_MS, message: "the replicas do not acknowledge writes of the master" },
  );
}

interface SentinelConfig {
  readonly name: string;
  readonly master: LocalServer;
  readonly sentinels: number;
  readonly password: string | undefined;
  readonly sentinelPassword: string | undefined;
}

function sentinelConfig(settings: SentinelConfig): Record<string, string[]> {
  const { name, master, sentinels, password, sentinelPassword } = settings;
  const quorum = Math.floor(sentinels / 2) + 1;
  const lines = [
    `monitor ${name} ${master.host} ${master.port} ${quorum}`,
    `down-after-milliseconds ${name} ${DOWN_AFTER_MS}`,
    `failover-timeout ${name} 5000`,
    `parallel-syncs ${name} 2`,
  ];
  if (password !== undefined) lines.push(`auth-pass ${name} ${password}`);
  if (sentinelPassword !== undefined) lines.push(`sentinel-pass ${sentinelPassword}`);
  return { sentinel: lines };
}

interface Expected {
  readonly name: string;
  readonly replicas: number;
  readonly sentinels: number;
}

async function waitForDiscovery(sentinel: LocalServer, expected: Expected): Promise<void> {
  let state: Record<string, string> = {};
  await until(
    async () => {
      state = pairs(await sentinel.command("SENTINEL", "MASTER", expected.name));
      const known = [state["num-slaves"], state["num-other-sentinels"], state.flags];
      return known.join() === [expected.replicas, expected.sentinels - 1, "master"].join();
    },
    {
      timeout: START_MS,
      interval: 20,
      message: () => `a Sentinel reports ${JSON.stringify(state)}`,
    },
  );
}

class LocalDeployment implements Deployment {
  readonly name: string;
  readonly master: LocalServer;
  readonly replicas: readonly LocalServer[];
  readonly sentinels: readonly LocalServer[];
  readonly addresses: [string, number][];

  constructor(servers: Pick<Deployment, "name" | "master" | "replicas" | "sentinels">) {
    this.name = servers.name;
    this.master = servers.master;
    this.replicas = servers.replicas;
    this.sentinels = servers.sentinels;
    this.addresses = servers.sentinels.map(({ host, port }) => [host, port]);
  }

  async currentMaster(): Promise<LocalServer> {
    return until(() => this.#agreedMaster(), {
      timeout: START_MS,
      message: "the Sentinels do not agree on a master",
    });
  }

  async failover(): Promise<LocalServer> {
    const old = await this.currentMaster();
    const [first] = this.sentinels;
    // Refused (-NOGOODSLAVE, -INPROG) until the Sentinel has checked the replicas: retry.
    await until(() => first?.command("SENTINEL", "FAILOVER", this.name).catch(() => false), {
      timeout: START_MS,
      interval: 100,
      message: "no Sentinel accepts SENTINEL FAILOVER",
    });
    return this.newMasterAfter(old);
  }

  async newMasterAfter(old: LocalServer): Promise<LocalServer> {
    return until(
      async () => {
        const master = await this.#agreedMaster();
        if (master === undefined || master === old) return undefined;
        const role = await master.command("ROLE");
        return Array.isArray(role) && role[0] === "master" ? master : undefined;
      },
      { timeout: START_MS, interval: 20, message: "no replica was promoted" },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.sentinels, ...this.replicas, this.master];
    await Promise.all(all.map((server) => server.stop()));
  }

  async #agreedMaster(): Promise<LocalServer | undefined> {
    const ports = new Set<string>();
    for (const sentinel of this.sentinels) {
      const reply = sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", this.name);
      // Sentinels that the test has killed are ignored.
      const address = await reply.catch(() => undefined);
      if (Array.isArray(address)) ports.add(String(address[1]));
    }
    const [port, ...others] = ports;
    if (port === undefined || others.length > 0) return undefined;
    return [this.master, ...this.replicas].find((server) => server.port === Number(port));
  }
}

function times<T>(count: number, start: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, start));
}

function pairs(value: unknown): Record<string, string> {
  const items = Array.isArray(value) ? value.map(String) : [];
  const record: Record<string, string> = {};
  for (let i = 0; i + 1 < items.length; i += 2) record[items[i] ?? ""] = items[i + 1] ?? "";
  return record;
}
