/**
 * Owns a small Sentinel deployment for tests: one master, its replicas, and the Sentinels that watch
 * them, with timings short enough to fail over within a test.
 */
import { type RunningServer, type ServerOptions, startServer } from "./server.js";
import { until } from "./until.js";

/** What to start. */
export interface SentinelOptions {
  /** Name of the monitored master. */
  readonly name?: string;
  readonly replicas?: number;
  readonly sentinels?: number;
  /** Password of the master and the replicas. */
  readonly password?: string;
  /** Password of the Sentinels themselves. */
  readonly sentinelPassword?: string;
  /** See {@link ServerOptions.binary}. */
  readonly binary?: readonly string[];
}

/** A running deployment in which everybody knows everybody. */
export interface Sentinels extends AsyncDisposable {
  readonly name: string;
  /** The first master; after a failover ask {@link Sentinels.currentMaster}. */
  readonly master: RunningServer;
  readonly replicas: readonly RunningServer[];
  readonly sentinels: readonly RunningServer[];
  /** Host and port of each Sentinel. */
  readonly addresses: [string, number][];
  /** The server all Sentinels name as master. */
  currentMaster(): Promise<RunningServer>;
  /** Promote a replica, the master still being alive; returns the new master. */
  failover(): Promise<RunningServer>;
  /** Wait until all Sentinels name another master than this one, and it says so itself. */
  newMasterAfter(old: RunningServer): Promise<RunningServer>;
}

const START_MS = 30_000;
const DOWN_AFTER_MS = 1_000;

/**
 * Start one master, replicas and Sentinels.
 *
 * @param options - What differs from one master, two replicas and three Sentinels.
 * @returns The deployment, with every Sentinel knowing all replicas and all other Sentinels.
 */
export async function startSentinels(options: SentinelOptions = {}): Promise<Sentinels> {
  const started: RunningServer[] = [];
  const start = async (more: ServerOptions) => {
    const { binary } = options;
    const server = await startServer(binary === undefined ? more : { ...more, binary });
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

type Start = (options: ServerOptions) => Promise<RunningServer>;

async function build(options: SentinelOptions, start: Start): Promise<Sentinels> {
  const { name = "mymaster", replicas = 2, sentinels = 3, password, sentinelPassword } = options;
  const config = {
    "repl-ping-replica-period": "1",
    // A master that comes back as a replica must be able to log in at the new one.
    ...(password === undefined ? {} : { masterauth: password }),
  };
  const data = password === undefined ? { config } : { config, password };
  const master = await start(data);
  const copies = await times(replicas, () => start({ ...data, replicaOf: master }));
  const watchers = await times(sentinels, () =>
    start({
      sentinel: true,
      config: watchConfig({ name, master, sentinels, password, sentinelPassword }),
      ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
    }),
  );
  await Promise.all(watchers.map((one) => knowsAll(one, { name, replicas, sentinels })));
  return new Deployment({ name, master, replicas: copies, sentinels: watchers });
}

interface WatchSettings {
  readonly name: string;
  readonly master: RunningServer;
  readonly sentinels: number;
  readonly password: string | undefined;
  readonly sentinelPassword: string | undefined;
}

function watchConfig(settings: WatchSettings): Record<string, string[]> {
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

async function knowsAll(sentinel: RunningServer, expected: Expected): Promise<void> {
  let state: Record<string, string> = {};
  await until(
    async () => {
      state = pairs(await sentinel.command("SENTINEL", "MASTER", expected.name));
      const known = [state["num-slaves"], state["num-other-sentinels"], state.flags];
      return known.join() === [expected.replicas, expected.sentinels - 1, "master"].join();
    },
    { timeout: START_MS, interval: 20, message: () => `a Sentinel sees ${JSON.stringify(state)}` },
  );
}

class Deployment implements Sentinels {
  readonly name: string;
  readonly master: RunningServer;
  readonly replicas: readonly RunningServer[];
  readonly sentinels: readonly RunningServer[];
  readonly addresses: [string, number][];

  constructor(parts: Pick<Sentinels, "name" | "master" | "replicas" | "sentinels">) {
    this.name = parts.name;
    this.master = parts.master;
    this.replicas = parts.replicas;
    this.sentinels = parts.sentinels;
    this.addresses = parts.sentinels.map(({ host, port }) => [host, port]);
  }

  async currentMaster(): Promise<RunningServer> {
    return until(() => this.#agreedMaster(), {
      timeout: START_MS,
      message: "the Sentinels do not agree on a master",
    });
  }

  async failover(): Promise<RunningServer> {
    const old = await this.currentMaster();
    const [first] = this.sentinels;
    // Refused (-NOGOODSLAVE, -INPROG) while a Sentinel still makes up its mind: ask again.
    await until(() => first?.command("SENTINEL", "FAILOVER", this.name).catch(() => false), {
      timeout: START_MS,
      interval: 100,
      message: "no Sentinel would fail over",
    });
    return this.newMasterAfter(old);
  }

  async newMasterAfter(old: RunningServer): Promise<RunningServer> {
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

  async #agreedMaster(): Promise<RunningServer | undefined> {
    const ports = new Set<string>();
    for (const sentinel of this.sentinels) {
      const answer = sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", this.name);
      // A Sentinel that was killed by the test has no say.
      const address = await answer.catch(() => undefined);
      if (Array.isArray(address)) ports.add(String(address[1]));
    }
    const [port, ...others] = ports;
    if (port === undefined || others.length > 0) return undefined;
    return [this.master, ...this.replicas].find((server) => server.port === Number(port));
  }
}

function times<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, make));
}

function pairs(value: unknown): Record<string, string> {
  const items = Array.isArray(value) ? value.map(String) : [];
  const record: Record<string, string> = {};
  for (let i = 0; i + 1 < items.length; i += 2) record[items[i] ?? ""] = items[i + 1] ?? "";
  return record;
}
