/**
 * Owns what is expected of each cell of the fault matrix, and the section of the documentation that
 * shows it. Both are made of the tables the tests run on, so it cannot say what is not tested.
 */
import { type End, FAULTS, type Fault } from "./faults.js";
import { OPERATIONS, type Operation } from "./operations.js";

const TITLE = "## What happens when something goes wrong";
const HEAD = `${TITLE}

Generated from the tables of the fault matrix (\`test/faults/matrix-*.ts\`), and tested cell by cell:
\`npx vitest run --project faults test/faults/matrix.test.ts\`, with \`-u\` to write this page anew.

- **ok**: the operation gives its value, if need be after the client has connected again by itself.
- **not sent**: it rejects, with \`outcome\` \`"not-sent"\`; the server's data has not changed.
- **unknown**: it rejects, with \`outcome\` \`"unknown"\`; it was executed once or not at all.
- **refused**: it rejects with the server's own error; the server has not executed it.
- **a / b**: either, by which of two things happens first.
- **–**: the combination makes no sense, for the reason given.

In every cell the operation settles long before the usual deadlines (those that are cut short by
deadlines have short ones), the error is of a documented class, what the server has counted fits the
outcome, the next four commands get their own replies, the pool holds what it should and is empty after
\`close()\`, and no socket, timer or listener is left.
`;

/** Why a combination makes no sense; nothing when it does. */
export function reasonAgainst(fault: Fault, operation: Operation): string | undefined {
  return fault.spares?.(operation);
}

/** How an operation may end under a fault. */
export function endsOf(fault: Fault, operation: Operation): readonly End[] {
  const lost = fault.timeout === undefined && fault.ends.includes("unknown");
  const recovered = lost ? operation.recovers : undefined;
  return operation.endsAt?.[fault.name] ?? recovered ?? fault.ends;
}

/** What the errors may be. */
export function errorsOf(fault: Fault, operation: Operation): readonly string[] {
  const own = operation.error === undefined ? [] : [operation.error];
  return [...(fault.errors ?? ["ConnectionError"]), ...own];
}

const SHOWN: Readonly<Record<End, string>> = {
  ok: "ok",
  refused: "refused",
  "not-sent": "not sent",
  unknown: "unknown",
};

function cell(fault: Fault, operation: Operation): string {
  const reason = reasonAgainst(fault, operation);
  if (reason !== undefined) return `– (${reason})`;
  return endsOf(fault, operation)
    .map((end) => SHOWN[end])
    .join(" / ");
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** A page with the grid as its last section. */
export function withGrid(page: string): string {
  const start = page.indexOf(TITLE);
  return `${(start < 0 ? page : page.slice(0, start)).trimEnd()}\n\n${grid()}`;
}

function grid(): string {
  const names = OPERATIONS.map(({ name }) => name);
  const all = FAULTS.flatMap((fault) => OPERATIONS.map((one) => reasonAgainst(fault, one)));
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
