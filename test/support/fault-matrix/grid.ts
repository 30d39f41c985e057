/**
 * The expected result of each cell of the fault matrix, and the section of docs/reliability.md that shows it.
 * Both are generated from the tables of the tests, so the page cannot contain what is not tested.
 */
import { FAULTS, type Fault, type Result } from "./faults.js";
import { OPERATIONS, type Operation } from "./operations.js";

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

/** Return why a combination is not tested, or undefined when it is. */
export function reasonToSkip(fault: Fault, operation: Operation): string | undefined {
  return fault.reasonToSkip?.(operation);
}

/** Return the possible results of an operation under a fault. */
export function resultsOf(fault: Fault, operation: Operation): readonly Result[] {
  const lost = fault.timeout === undefined && fault.results.includes("unknown");
  const recovered = lost ? operation.resultsAfterLoss : undefined;
  return operation.resultsByFault?.[fault.name] ?? recovered ?? fault.results;
}

/** Return the allowed error classes. */
export function errorsOf(fault: Fault, operation: Operation): readonly string[] {
  const own = operation.error === undefined ? [] : [operation.error];
  return [...(fault.errors ?? ["ConnectionError"]), ...own];
}

const SHOWN: Readonly<Record<Result, string>> = {
  ok: "ok",
  refused: "refused",
  "not-sent": "not sent",
  unknown: "unknown",
};

function cell(fault: Fault, operation: Operation): string {
  const reason = reasonToSkip(fault, operation);
  if (reason !== undefined) return `– (${reason})`;
  return resultsOf(fault, operation)
    .map((end) => SHOWN[end])
    .join(" / ");
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** Return the page with the grid as its last section. */
export function withGrid(page: string): string {
  const start = page.indexOf(TITLE);
  return `${(start < 0 ? page : page.slice(0, start)).trimEnd()}\n\n${grid()}`;
}

function grid(): string {
  const names = OPERATIONS.map(({ name }) => name);
  const all = FAULTS.flatMap((fault) =>
    OPERATIONS.map((operation) => reasonToSkip(fault, operation)),
  );
  const cells = all.filter((reason) => reason === undefined).length;
  return [
    HEAD,
    `${FAULTS.length} faults × ${OPERATIONS.length} operations × RESP2 and RESP3: ${2 * cells} cells.\n`,
    row(["", ...names]),
    row(["---", ...names.map(() => "---")]),
    ...FAULTS.map((fault) => row([fault.name, ...OPERATIONS.map((one) => cell(fault, one))])),
    "",
  ].join("\n");
}
