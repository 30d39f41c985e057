/**
 * A private cluster for tests: its nodes, and the changes of topology that a test needs. Every change
 * resolves when all running nodes report its result.
 */
import type { Certificates } from "./certificates.js";
import {
  agreeOnEpochs,
  agreeOnPrimary,
  formCluster,
  introduce,
  replicate,
  SLOTS,
  untilReady,
  type ViewedRange,
  viewOf,
} from "./cluster-formation.js";
import { assignSlot, beginMove, migrateKeys, type SlotMove } from "./cluster-slots.js";
import { type LocalServer, startLocalServer } from "./local-server.js";
import { type Arg, ServerError } from "./resp.js";
import { type LocalServerOptions, SUPPORT_NAME, SUPPORT_PASSWORD } from "./server-configuration.js";
import type { ClusterTestSettings } from "./start-options.js";
import { removeCertificates, type TestProcess } from "./test-server.js";
import { until } from "./until.js";

/** A node of a {@link TestCluster}. */
export interface TestClusterNode extends TestProcess {
  /** `rediss://` URL, when started with `tls`. */
  readonly tlsUrl?: string;
  readonly tlsPort?: number;
}

/** A private cluster. */
export interface TestCluster extends AsyncDisposable {
  /** All nodes, in the order in which they were started. */
  readonly nodes: readonly TestClusterNode[];
  /** The nodes that were started as primaries; after a failover, see {@link TestCluster.ownerOf}. */
  readonly primaries: readonly TestClusterNode[];
  /** The nodes that were started as replicas. */
  readonly replicas: readonly TestClusterNode[];
  /** `redis://` URL of the first node, or its `rediss://` URL when started with `tls`. */
  readonly url: string;
  /** Host and port of each node. */
  readonly addresses: [string, number][];
  /** Paths of PEM files, when started with `tls`. */
  readonly certificates?: Certificates;
  /** Return the node that owns a slot, when all running nodes agree. */
  ownerOf(slot: number): Promise<TestClusterNode>;
  /** Move a slot and its keys to another primary. */
  moveSlot(slot: number, to: TestClusterNode): Promise<void>;
  /** First half of a move: the owner answers ASK for the keys that it does not hold. */
  beginMove(slot: number, to: TestClusterNode): Promise<void>;
  /** Second half of a move that `beginMove` began: migrate the keys, then assign the slot. */
  finishMove(slot: number): Promise<void>;
  /** Promote a replica (CLUSTER FAILOVER), or one of the replicas of a primary; return it. */
  failover(node: TestClusterNode): Promise<TestClusterNode>;
  /** Start a node without slots, or a replica of a primary, and add it. */
  addNode(options?: { readonly replicaOf?: TestClusterNode }): Promise<TestClusterNode>;
  /** Remove a node that owns no slots from the cluster, and end its process. */
  removeNode(node: TestClusterNode): Promise<void>;
  /** Kill all nodes and start them on other ports, empty, with their ids and slots; `nodes` has new objects. */
  relocate(): Promise<void>;
  /** Kill all processes, wait for their end, and remove their folders. Can be called repeatedly. */
  stop(): Promise<void>;
}

/** The program and the certificates of all nodes. */
export interface ClusterPrograms {
  readonly program: readonly string[];
  readonly certificates: Certificates | undefined;
}

type Settings = Omit<ClusterTestSettings, "version" | "server" | "tls">;

const CHANGE_MS = 30_000;
/** Time in which a server completes or gives up a manual failover. */
const FAILOVER_MS = 5_000;

/** The processes of a cluster. */
export class LocalCluster implements TestCluster {
  readonly certificates?: Certificates;
  readonly #settings: Settings;
  readonly #program: readonly string[];
  readonly #moves = new Map<number, SlotMove>();
  /** Settles with the last assignment of a slot. */
  #lastAssignment: Promise<unknown> = Promise.resolve();
  #primaries: LocalServer[] = [];
  #replicas: LocalServer[] = [];
  #nodes: LocalServer[] = [];

  private constructor(settings: Settings, { program, certificates }: ClusterPrograms) {
    this.#settings = settings;
    this.#program = program;
    if (certificates !== undefined) this.certificates = certificates;
  }

  /** Start the nodes and join them. */
  static async start(settings: Settings, programs: ClusterPrograms): Promise<LocalCluster> {
    const cluster = new LocalCluster(settings, programs);
    try {
      await cluster.#form();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get nodes(): readonly LocalServer[] {
    return this.#nodes;
  }

  get primaries(): readonly LocalServer[] {
    return this.#primaries;
  }

  get replicas(): readonly LocalServer[] {
    return this.#replicas;
  }

  get url(): string {
    const [first] = this.#nodes;
    return first?.tlsUrl ?? first?.url ?? "";
  }

  get addresses(): [string, number][] {
    return this.#nodes.map(({ host, port, tlsPort }) => [host, tlsPort ?? port]);
  }

  ownerOf(slot: number): Promise<LocalServer> {
    checkSlot("ownerOf", slot);
    return until(() => this.#agreedOwner(slot), {
      timeout: CHANGE_MS,
      message: `the nodes do not agree on the owner of slot ${slot}`,
    });
  }

  async moveSlot(slot: number, to: TestClusterNode): Promise<void> {
    await this.beginMove(slot, to);
    if (this.#moves.has(slot)) await this.finishMove(slot);
  }

  async beginMove(slot: number, to: TestClusterNode): Promise<void> {
    const target = this.#own(to);
    const from = await this.ownerOf(slot);
    if (from === target) return;
    const move = { slot, from, to: target };
    await beginMove(move);
    this.#moves.set(slot, move);
  }

  async finishMove(slot: number): Promise<void> {
    const move = this.#moves.get(slot);
    if (move === undefined) throw new Error(`finishMove: call beginMove(${slot}, …) first`);
    const owners = new Set((await viewOf(move.to)).map(({ primary }) => primary));
    const others = this.#running().filter(
      (node) => owners.has(node.port) && node !== move.from && node !== move.to,
    );
    await migrateKeys(move, this.#migrateCredentials());
    await this.#assign(move, others);
    this.#moves.delete(slot);
    await this.ownerOf(slot);
  }

  /** Assign a slot after the earlier ones, when all nodes have received the epochs of these. */
  #assign(move: SlotMove, others: readonly LocalServer[]): Promise<void> {
    const assigned = this.#lastAssignment.then(async () => {
      await until(() => agreeOnEpochs(this.#running()), {
        timeout: CHANGE_MS,
        message: "the nodes do not agree on the epochs",
      });
      await assignSlot(move, others);
    });
    this.#lastAssignment = assigned.catch(() => undefined);
    return assigned;
  }

  async failover(node: TestClusterNode): Promise<LocalServer> {
    const replica = await this.#replicaFor(this.#own(node));
    await this.#linkUp(replica);
    let due = 0;
    const promoted = async (): Promise<boolean> => {
      // The server gives up a failover that was not voted for in time.
      if (performance.now() >= due && !(await this.#owns(replica))) {
        await replica.command("CLUSTER", "FAILOVER").catch(() => undefined);
        due = performance.now() + FAILOVER_MS;
      }
      return this.#owns(replica);
    };
    await until(promoted, { timeout: CHANGE_MS, message: "the replica was not promoted" });
    return replica;
  }

  async addNode(options: { readonly replicaOf?: TestClusterNode } = {}): Promise<LocalServer> {
    const { replicaOf } = options;
    const primary = replicaOf === undefined ? undefined : this.#own(replicaOf);
    const node = await this.#startNode();
    await introduce([node, ...this.#running().filter((other) => other !== node)]);
    if (primary === undefined) this.#primaries.push(node);
    else {
      await replicate(node, primary);
      await this.#linkUp(node);
      this.#replicas.push(node);
    }
    await untilReady(this.#running(), await this.#countReplicas());
    return node;
  }

  async removeNode(node: TestClusterNode): Promise<void> {
    const gone = this.#own(node);
    const id = String(await gone.command("CLUSTER", "MYID"));
    if ((await viewOf(gone)).some(({ primary }) => primary === gone.port)) {
      throw new Error("removeNode: the node owns slots; use moveSlot() or failover() first");
    }
    const without = (list: LocalServer[]): LocalServer[] => list.filter((one) => one !== gone);
    this.#nodes = without(this.#nodes);
    this.#primaries = without(this.#primaries);
    this.#replicas = without(this.#replicas);
    await gone.stop();
    await Promise.all(this.#running().map((other) => other.command("CLUSTER", "FORGET", id)));
  }

  async relocate(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => this.#relocate(node)));
    const nodes = this.#nodes;
    // All, because each knows only the old addresses of the others.
    for (const node of nodes) await introduce([node, ...nodes.filter((other) => other !== node)]);
    await untilReady(nodes, await this.#countReplicas());
  }

  async #relocate(node: LocalServer): Promise<void> {
    const moved = await node.relocate();
    const replace = (list: LocalServer[]): LocalServer[] =>
      list.map((one) => (one === node ? moved : one));
    this.#nodes = replace(this.#nodes);
    this.#primaries = replace(this.#primaries);
    this.#replicas = replace(this.#replicas);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()));
    await removeCertificates(this.certificates);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #form(): Promise<void> {
    const { primaries, replicas } = this.#settings;
    const started = await Promise.allSettled(
      Array.from({ length: primaries + replicas }, () => this.#startNode()),
    );
    for (const result of started) if (result.status === "rejected") throw result.reason;
    this.#primaries = this.#nodes.slice(0, primaries);
    this.#replicas = this.#nodes.slice(primaries);
    await formCluster({ primaries: this.#primaries, replicas: this.#replicas });
  }

  async #startNode(): Promise<LocalServer> {
    const { password, acl, config, nodeTimeout } = this.#settings;
    const options: LocalServerOptions = {
      program: this.#program,
      cluster: true,
      config: {
        "cluster-node-timeout": String(nodeTimeout),
        // A primary that gives its last slot away stays a primary; otherwise it becomes a replica at once.
        "cluster-allow-replica-migration": "no",
        // A replica is listed once it has received data: an idle primary sends only these pings.
        "repl-ping-replica-period": "1",
        ...(password === undefined ? {} : { masterauth: password }),
        // Without these, Redis 7.0 announces the ports without TLS to clients that use TLS.
        ...(this.certificates && { "tls-cluster": "yes", "tls-replication": "yes" }),
        ...config,
      },
      ...(password === undefined ? {} : { password }),
      ...(acl === undefined ? {} : { acl }),
      ...(this.certificates === undefined ? {} : { certificates: this.certificates }),
    };
    const server = await startLocalServer(options);
    this.#nodes.push(server);
    return server;
  }

  /** The node as ours; a node of another cluster is a mistake of the test. */
  #own(node: TestClusterNode): LocalServer {
    const own = this.#nodes.find((one) => one === node);
    if (own === undefined) throw new Error("the node does not belong to this cluster");
    return own;
  }

  #running(): LocalServer[] {
    return this.#nodes.filter((node) => node.serving);
  }

  async #agreedOwner(slot: number): Promise<LocalServer | undefined> {
    const views = await Promise.all(this.#running().map(viewOrLoss));
    const ports = new Set(views.map((view) => view && ownerIn(view, slot)));
    const [port] = ports;
    return ports.size === 1 ? this.#nodes.find((node) => node.port === port) : undefined;
  }

  async #replicaFor(node: LocalServer): Promise<LocalServer> {
    const role = (await node.command("ROLE")) as [string];
    if (role[0] === "slave") return node;
    const others = this.#running().filter((other) => other !== node);
    // Not the view of the primary: it lists a replica only when data has been sent to it.
    const roles = await Promise.all(others.map((other) => other.command("ROLE")));
    const replica = others.find((_, i) => isReplicaOf(roles[i], node));
    if (replica === undefined) throw new Error("failover: the node has no running replica");
    return replica;
  }

  async #countReplicas(): Promise<number> {
    const roles = await Promise.all(this.#running().map((node) => node.command("ROLE")));
    return roles.filter((role) => Array.isArray(role) && role[0] === "slave").length;
  }

  /**
   * Without a link a replica cannot reach the offset of its primary, and a failover never ends. Nodes that do
   * not know the replica as one of that primary ignore its failover; the server gives it up after 5 s.
   */
  async #linkUp(replica: LocalServer): Promise<void> {
    const connected = async (): Promise<boolean> => {
      const role = await replica.command("ROLE");
      return Array.isArray(role) && role[3] === "connected";
    };
    await until(connected, { timeout: CHANGE_MS, message: "the replica has no link" });
    const message = "the nodes do not agree on the primary of the replica";
    await until(() => agreeOnPrimary(replica, this.#running()), { timeout: CHANGE_MS, message });
  }

  /** Whether all running nodes report a node as owner of slots. */
  async #owns(node: LocalServer): Promise<boolean> {
    const views = await Promise.all(this.#running().map(viewOf));
    return views.every((view) => view.some(({ primary }) => primary === node.port));
  }

  #migrateCredentials(): Arg[] {
    const { password, acl } = this.#settings;
    if (acl !== undefined) return ["AUTH2", SUPPORT_NAME, SUPPORT_PASSWORD];
    return password === undefined ? [] : ["AUTH", password];
  }
}

/** Whether a ROLE reply is that of a replica of a primary. */
function isReplicaOf(role: unknown, { port, tlsPort = port }: LocalServer): boolean {
  return Array.isArray(role) && role[0] === "slave" && role[2] === tlsPort;
}

function ownerIn(view: readonly ViewedRange[], slot: number): number | undefined {
  return view.find(({ from, to }) => from <= slot && slot <= to)?.primary;
}

/** Return the view of a node, or `undefined` when it ends at this moment: its process counts as running until then. */
function viewOrLoss(node: LocalServer): Promise<ViewedRange[] | undefined> {
  return viewOf(node).catch((error: unknown) => {
    if (error instanceof ServerError) throw error;
    return undefined;
  });
}

function checkSlot(caller: string, slot: number): void {
  if (Number.isInteger(slot) && slot >= 0 && slot < SLOTS) return;
  throw new TypeError(`${caller}: argument "slot" must be an integer from 0 to ${SLOTS - 1}`);
}
