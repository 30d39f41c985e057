/** Tables of rates and CPU times, one row per scenario, with ratios. Measures nothing. */
import { CLIENTS } from "./clients/index.js";
import type { Cell, Row } from "./rates.js";
import { markdownTable, significant, times } from "./tables.js";

/** Above this share the server, not the client, is the bottleneck. */
const SERVER_BOUND = 0.9;
/** The name of rediswire in `CLIENTS`. */
export const OURS = "rediswire";
const FLOOR = "floor";

type Measure = (cell: Cell) => number;
/** How much better `cell` is than `other`: above 1 is better. */
type Compare = (cell: Cell, other: Cell) => number;

export const quicker: Compare = (cell, other) => cell.rate / other.rate;
export const cheaper: Compare = (cell, other) => other.cpu / cell.cpu;

/** How the columns of a table are named. */
export interface Columns {
  readonly titleOf: (client: string) => string;
  /** What `floor` is. */
  readonly baseline: string;
}

/**
 * Format one measure of all cells.
 *
 * @param compare - {@link quicker} for the rate, {@link cheaper} for the CPU time.
 * @param columns - How the columns are named; those of one server by default.
 */
export function rateTable(
  rows: readonly Row[],
  compare: Compare,
  columns: Columns = { titleOf, baseline: "baseline" },
): string {
  const measure: Measure = compare === quicker ? (cell) => cell.rate : (cell) => cell.cpu;
  const clients = Object.keys(rows[0]?.cells ?? {});
  const ours = clients.includes(OURS);
  const peers = ours && clients.some(isPeer);
  const floor = ours && clients.includes(FLOOR);
  const head = [
    "Scenario",
    ...clients.map(columns.titleOf),
    ...(peers ? ["× best peer"] : []),
    ...(floor ? [`× ${columns.baseline}`] : []),
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

/** Whether a client is a peer. */
export function isPeer(client: string): boolean {
  return CLIENTS[client]?.kind === "peer";
}

/** The title of a client. */
export function titleOf(client: string): string {
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

/** List the scenarios in which a peer is better; undefined without peers. */
export function lossSection(rows: readonly Row[]): string | undefined {
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
