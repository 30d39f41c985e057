/** Text and tables of a run. Computes ratios; measures nothing. */
import { CLIENTS } from "./clients/index.js";
import type { Burden, ColdStart } from "./messages.js";
import type { PubSubResults, PubSubRow } from "./pubsub.js";
import type { Cell, Row } from "./rates.js";
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
  readonly pubsub: PubSubResults | undefined;
  readonly burden: Readonly<Record<string, Burden>>;
  readonly start: Readonly<Record<string, ColdStart>>;
  readonly types: Readonly<Record<string, TypeCost>>;
}

/** Above this share the server, not the client, is the bottleneck. */
const SERVER_BOUND = 0.9;
const OURS = "rediswire";
const FLOOR = "floor";

type Measure = (cell: Cell) => number;
/** How much better `cell` is than `other`: above 1 is better. */
type Compare = (cell: Cell, other: Cell) => number;

const quicker: Compare = (cell, other) => cell.rate / other.rate;
const cheaper: Compare = (cell, other) => other.cpu / cell.cpu;

/** The whole report, as Markdown. */
export function report(results: Results): string {
  const parts = [
    ...(results.rates.length > 0 ? rateSections(results.rates) : []),
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
    `## Commands per second\n\n${table(rows, (cell) => cell.rate, quicker)}`,
    `## CPU time of the client per command, µs\n\n${table(rows, (cell) => cell.cpu, cheaper)}`,
  ];
  const losses = lossSection(rows);
  return losses === undefined ? sections : [...sections, losses];
}

function table(rows: readonly Row[], measure: Measure, compare: Compare): string {
  const clients = Object.keys(rows[0]?.cells ?? {});
  const ours = clients.includes(OURS);
  const peers = ours && clients.some(isPeer);
  const floor = ours && clients.includes(FLOOR);
  const head = [
    "Scenario",
    ...clients.map(titleOf),
    ...(peers ? ["× best peer"] : []),
    ...(floor ? ["× baseline"] : []),
  ];
  const body = rows.map(({ scenario, cells }) => {
    const numbers = clients.map((client) => {
      const cell = cells[client];
      return cell === undefined ? "–" : `${significant(measure(cell))}${boundMark(cell, measure)}`;
    });
    const own = cells[OURS];
    if (own === undefined) return [scenario, ...numbers];
    const best = bestPeer(cells, compare);
    const baseline = cells[FLOOR];
    return [
      scenario,
      ...numbers,
      ...(peers && best !== undefined ? [times(compare(own, best.cell))] : []),
      ...(floor && baseline !== undefined ? [times(compare(own, baseline))] : []),
    ];
  });
  return markdownTable(head, body);
}

function boundMark(cell: Cell, measure: Measure): string {
  const isRate = measure(cell) === cell.rate;
  return isRate && cell.server !== null && cell.server >= SERVER_BOUND ? "°" : "";
}

function isPeer(client: string): boolean {
  return CLIENTS[client]?.kind === "peer";
}

function titleOf(client: string): string {
  return CLIENTS[client]?.title ?? client;
}

function bestPeer(cells: Row["cells"], compare: Compare): { name: string; cell: Cell } | undefined {
  let best: { name: string; cell: Cell } | undefined;
  for (const [name, cell] of Object.entries(cells)) {
    if (!isPeer(name)) continue;
    if (best === undefined || compare(cell, best.cell) > 1) best = { name, cell };
  }
  return best;
}

function lossSection(rows: readonly Row[]): string | undefined {
  const has = (client: string) => rows[0]?.cells[client] !== undefined;
  if (!has(OURS) || !Object.keys(rows[0]?.cells ?? {}).some(isPeer)) return undefined;
  const lines = rows.flatMap(({ scenario, cells }) => [
    ...lossOf(scenario, cells, { compare: quicker, what: "the rate" }),
    ...lossOf(scenario, cells, { compare: cheaper, what: "the CPU efficiency" }),
  ]);
  const text = lines.length > 0 ? lines.join("\n") : "In no scenario of this run.";
  return `## Where rediswire loses to a peer\n\n${text}`;
}

function lossOf(
  scenario: string,
  cells: Row["cells"],
  by: { readonly compare: Compare; readonly what: string },
): string[] {
  const own = cells[OURS];
  const best = bestPeer(cells, by.compare);
  if (own === undefined || best === undefined) return [];
  const ratio = by.compare(own, best.cell);
  if (ratio >= 1) return [];
  return [`- ${scenario}: ${times(ratio)} ${by.what} of ${titleOf(best.name)}`];
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
  valkey-glide with a non-atomic \`Batch\` and \`Decoder.Bytes\`. Replies keep the shape that the client
  returns: ioredis, for example, returns scores as text in a flat array.
`;
