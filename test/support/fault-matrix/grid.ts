/**
 * The expected result of each cell of the fault matrix, and the section of docs/reliability.md that shows it.
 * Both are generated from the tables of the tests, so the page cannot contain what is not tested.
 */
import { CLUSTER_OPERATIONS } from "./cluster-operations.js";
import { FAULTS, type Fault, type Result } from "./faults.js";
import { type MatrixOperation, OPERATIONS } from "./operations.js";

const TITLE = "## What happens when something goes wrong";
const HEAD = `${TITLE}

Generated from the tables of the fault matrix (\`test/support/fault-matrix/\`) and tested cell by cell:
\`npx vitest run --project faults test/faults/matrix.test.ts\`; \`-u\` rewrites this section.

- **ok**: the operation succeeds, if necessary after an automatic reconnect.
- **not sent**: it rejects with \`outcome\` \`"not-sent"\`; the server's data is unchanged.
- **unknown**: it rejects with \`outcome\` \`"unknown"\`; it was executed once or not at all.
- **refused**: it rejects with the server's own error; the server did not execute it.
- **a / b**: either result, depending on timing.
- **–**: the combination does not apply, for the reason given.

In every cell:

- The operation settles long before the default deadlines. Cells that end by a deadline use a short one.
- The error is of a documented class, and the effect counted on the server matches the outcome.
- The next four commands receive their own replies.
- The pool contains the expected connections and is empty after \`close()\`.
- No socket, timer or listener remains.
`;

const CLUSTER_HEAD = `### On a cluster

The same faults between a \`RedisCluster\` and one of two primaries
(\`npx vitest run --project faults test/faults/cluster-matrix.test.ts\`), with \`clusterErrorRetryAttempts: 1\`. The other
primary is reachable all the time. \`pipeline over two nodes\`, \`mgetNonatomic\` and \`scriptExists on all primaries\` need
both; the last two reject with \`outcome\` \`"unknown"\` at best, because the other node has executed its part. In a
pipeline each command has its own outcome; the table shows that of the commands for the node with the fault.
`;

/** Return why a combination is not tested, or undefined when it is. */
export function reasonToSkip(fault: Fault, operation: MatrixOperation): string | undefined {
  return fault.reasonToSkip?.(operation);
}

/** Return the possible results of an operation under a fault. */
export function resultsOf(fault: Fault, operation: MatrixOperation): readonly Result[] {
  const own = operation.resultsByFault?.[fault.name];
  if (own !== undefined) return own;
  const lost = fault.timeout === undefined && fault.results.includes("unknown");
  const results = (lost ? operation.resultsAfterLoss : undefined) ?? fault.results;
  if (!operation.partial) return results;
  return results.map((result) => (result === "not-sent" ? "unknown" : result));
}

/** Return the allowed error classes. */
export function errorsOf(fault: Fault, operation: MatrixOperation): readonly string[] {
  const own = operation.error === undefined ? [] : [operation.error];
  return [...(fault.errors ?? ["ConnectionError"]), ...own];
}

const SHOWN: Readonly<Record<Result, string>> = {
  ok: "ok",
  refused: "refused",
  "not-sent": "not sent",
  unknown: "unknown",
};

function cell(fault: Fault, operation: MatrixOperation): string {
  const reason = reasonToSkip(fault, operation);
  if (reason !== undefined) return `– (${reason})`;
  return resultsOf(fault, operation)
    .map((end) => SHOWN[end])
    .join(" / ");
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** Return the page with the grids as its last section. */
export function withGrid(page: string): string {
  const start = page.indexOf(TITLE);
  const before = (start < 0 ? page : page.slice(0, start)).trimEnd();
  return `${before}\n\n${HEAD}\n${grid(OPERATIONS)}\n${CLUSTER_HEAD}\n${grid(CLUSTER_OPERATIONS)}`;
}

function grid(operations: readonly MatrixOperation[]): string {
  const names = operations.map(({ name }) => name);
  const all = FAULTS.flatMap((fault) =>
    operations.map((operation) => reasonToSkip(fault, operation)),
  );
  const cells = all.filter((reason) => reason === undefined).length;
  return [
    `${FAULTS.length} faults × ${operations.length} operations × RESP2 and RESP3: ${2 * cells} cells.\n`,
    row(["", ...names]),
    row(["---", ...names.map(() => "---")]),
    ...FAULTS.map((fault) => row([fault.name, ...operations.map((one) => cell(fault, one))])),
    "",
  ].join("\n");
}
