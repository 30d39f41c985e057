/** Text and tables of a run. Computes ratios; measures nothing. */
import { CACHE_CLIENTS } from "./cache/clients.js";
import type { CacheResults } from "./cache/measure.js";
import { CLIENTS } from "./clients/index.js";
import { CLUSTER_CLIENTS } from "./cluster/clients.js";
import type { Burden, ColdStart } from "./messages.js";
import type { PubSubResults, PubSubRow } from "./pubsub.js";
import {
  type Columns,
  cheaper,
  isPeer,
  lossSection,
  OURS,
  quicker,
  rateTable,
  titleOf,
} from "./rate-table.js";
import type { Row } from "./rates.js";
import { markdownTable, significant, times } from "./tables.js";
import type { TypeCost } from "./type-cost.js";

/** All results of a run. */
export interface Results {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly server: string;
  readonly cores: string;
  readonly rounds: number;
  /** ms per client, scenario and round. */
  readonly duration: number;
  /** Version by client. */
  readonly versions: Readonly<Record<string, string>>;
  readonly rates: readonly Row[];
  readonly cluster: readonly Row[];
  readonly cache: CacheResults | undefined;
  readonly pubsub: PubSubResults | undefined;
  readonly burden: Readonly<Record<string, Burden>>;
  readonly start: Readonly<Record<string, ColdStart>>;
  readonly types: Readonly<Record<string, TypeCost>>;
}

/** The whole report, as Markdown. */
export function report(results: Results): string {
  const parts = [
    ...(results.rates.length > 0 ? rateSections(results.rates) : []),
    ...(results.cluster.length > 0 ? [clusterSection(results.cluster)] : []),
    ...(results.cache === undefined ? [] : [cacheSection(results.cache)]),
    ...(results.pubsub === undefined ? [] : [pubsubSection(results.pubsub)]),
    ...(Object.keys(results.burden).length > 0 ? [burdenSection(results.burden)] : []),
    ...(Object.keys(results.start).length > 0 ? [startSection(results.start)] : []),
    ...(Object.keys(results.types).length > 0 ? [typeSection(results.types)] : []),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** The page for the documentation. */
export function page(results: Results): string {
  return `${HEAD}\n${conditions(results)}\n\n${report(results)}\n${METHOD}`;
}

/** Machine, versions and length of the run, as a list. */
export function conditions(results: Results): string {
  const versions = Object.entries(results.versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
  return [
    `- Date: ${results.date}`,
    `- Machine: ${results.machine}; ${results.cores}`,
    `- Node ${results.node}; ${results.server} on the same machine, loopback TCP`,
    `- Clients: ${versions}`,
    `- Medians of ${results.rounds} rounds of ${results.duration} ms`,
  ].join("\n");
}

function rateSections(rows: readonly Row[]): string[] {
  const sections = [
    `## Commands per second\n\n${rateTable(rows, quicker)}`,
    `## CPU time of the client per command, µs\n\n${rateTable(rows, cheaper)}`,
  ];
  const losses = lossSection(rows);
  return losses === undefined ? sections : [...sections, losses];
}

function rateTables(rows: readonly Row[], columns: Columns): string[] {
  return [
    `Commands per second:\n\n${rateTable(rows, quicker, columns)}`,
    `CPU time of the client per command, µs:\n\n${rateTable(rows, cheaper, columns)}`,
  ];
}

function clusterSection(rows: readonly Row[]): string {
  const columns = {
    titleOf: (client: string) => CLUSTER_CLIENTS[client]?.title ?? client,
    baseline: "split",
  };
  const note =
    "Three primaries, keys of all slots. *Split* is one plain rediswire client per node, whose caller\n" +
    "computes the slot of each key.";
  return [`## Cluster\n\n${note}`, ...rateTables(rows, columns)].join("\n\n");
}

function cacheSection({ rows, memory }: CacheResults): string {
  const columns = {
    titleOf: (client: string) => CACHE_CLIENTS[client]?.title ?? client,
    baseline: "without cache",
  };
  const note =
    "Keys that do not change: every read is answered from memory. *Without cache* is rediswire without the\n" +
    "option.";
  const entries = Object.entries(memory).map(([client, bytes]) => [
    columns.titleOf(client),
    significant(bytes),
  ]);
  return [
    `## Client-side cache\n\n${note}`,
    ...rateTables(rows, columns),
    `Memory of one entry of a value of 100 bytes, of 10,000:\n\n${markdownTable(["Client", "Bytes"], entries)}`,
  ].join("\n\n");
}

function pubsubSection({ messages, rounds, rows }: PubSubResults): string {
  const peers = rows.filter(({ client }) => isPeer(client));
  const best = Math.max(...peers.map(({ rate }) => rate));
  const lowestCpu = Math.min(...peers.map(({ cpu }) => cpu));
  const ratio = ({ client }: PubSubRow, value: number): string =>
    client === OURS && peers.length > 0 ? times(value) : "";
  const body = rows.map((row) => [
    row.title,
    significant(row.rate),
    ratio(row, row.rate / best),
    significant(row.cpu),
    ratio(row, lowestCpu / row.cpu),
    significant(row.heap / 1e6),
  ]);
  const head = [
    "Client",
    "Messages/s",
    "× best peer",
    "CPU per message, µs",
    "× best peer",
    "Heap afterwards, MB",
  ];
  const note =
    `One subscription with a handler, ${messages.toLocaleString("en-US")} numbered messages of 16 bytes that are\n` +
    `ready in the server; medians of ${rounds} rounds. Every client received every message, in order.`;
  return `## Publish/subscribe\n\n${note}\n\n${markdownTable(head, body)}`;
}

function burdenSection(burdens: Results["burden"]): string {
  const rows = Object.entries(burdens).map(([client, { bytes, delay }]) => {
    return [titleOf(client), significant(bytes), significant(delay)];
  });
  const head = ["Client", "Heap per pending GET, bytes", "Longest event loop delay, ms"];
  const note =
    "What a client costs the rest of its process: heap of JavaScript per pending command, including its\n" +
    "promise and what awaits it (without native memory), and the longest time between two\n" +
    "turns of the event loop while a reply of 100,000 elements arrives.";
  return `## Pending commands and large replies\n\n${note}\n\n${markdownTable(head, rows)}`;
}

function startSection(starts: Results["start"]): string {
  const rows = Object.entries(starts).map(([client, start]) => {
    const load = CLIENTS[client]?.packageName === undefined ? "–" : significant(start.load);
    return [titleOf(client), load, significant(start.firstReply)];
  });
  const head = ["Client", "Loading the package, ms", "Start of Node to first reply, ms"];
  return `## Cold start\n\n${markdownTable(head, rows)}`;
}

function typeSection(costs: Results["types"]): string {
  const rows = Object.entries(costs).map(([client, cost]) => [
    titleOf(client),
    significant(cost.checkTime),
    significant(cost.types),
    significant(cost.memory),
    significant(cost.fullCheckTime),
    significant(cost.fullTypes),
  ]);
  const head = ["Client", "Check, s", "Types", "Memory, MB", "Full check, s", "Full types"];
  const note =
    "What `tsc` reports for a program of one line that uses the client: with `skipLibCheck`, and (full)\n" +
    "without it, when it checks all declarations, those of Node included.";
  return `## Cost of the types\n\n${note}\n\n${markdownTable(head, rows)}`;
}

const HEAD = `# Benchmarks

Written by \`npm run bench -- --markdown docs/benchmarks.md\`, which measures rediswire, its peers and
a raw-socket baseline in one run; do not edit by hand. Compare ratios inside one run; absolute numbers
of different runs or machines are not comparable.
`;

const METHOD = `## How to read this

- The **raw-socket baseline** (\`test/bench/floor.ts\`) is a minimal loop over \`node:net\`: a promise per command,
  one write per turn, a flat parser, strings out, and nothing else. It is not a usable client; it shows the
  upper limit.
- **Callers** are async functions that run at the same time on one client, each awaiting its reply
  before it sends again. Scenarios without a number of callers use 4; pipelines, bursts (500 GET
  issued together and awaited together) and values of 64 MB use 1. Each command of a pipeline or a
  burst is counted.
- **Pieces of 16 bytes** arrive through a proxy that writes them one by one; the system decides how many
  of them a client reads at a time. A dash means that a client does not support such connections.
- **°** marks a rate at which the server was busy for 90 % of the time or more: the server is the
  bottleneck, and only the CPU time differs between clients.
- **× best peer** compares with the best peer of that row; above 1 is better in both tables. The same
  holds for **× baseline**.
- CPU time is user and system time of the whole process, garbage collection and native threads
  included.
- Each client runs in its own process, one at a time, on one core with the server on another, in
  rounds of rotating order. Before measuring, the replies of each client are checked in every
  scenario, and each client is warmed up. valkey-glide uses native threads, which share that one
  core here; \`--no-pin\` lets them use other cores.
- Every client is used as its documentation recommends for speed: ioredis also with
  \`enableAutoPipelining\`, node-redis with \`withTypeMapping\` for Buffers and \`execAsPipeline\`,
  valkey-glide with a non-atomic \`Batch\` (\`ClusterBatch\` on a cluster) and \`Decoder.Bytes\`. Replies keep the shape that the client
  returns: ioredis, for example, returns scores as text in a flat array.
- On a **cluster**, every command of a scenario is a SET or a GET, in turns. ioredis refuses pipelines
  over several nodes, so the caller creates one for each node; node-redis has none, and pipelines the
  300 commands that are issued together. The three servers share one core.
`;
