/** Formatting of numbers and tables. */

const DIGITS = 3;

/** A number to three significant digits, with separators of thousands. */
export function significant(value: number): string {
  const rounded = Number(value.toPrecision(DIGITS));
  return rounded.toLocaleString("en-US", { maximumFractionDigits: 6 });
}

/** A ratio, as in `7.45×`. */
export function times(ratio: number): string {
  return `${ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2)}×`;
}

/** A Markdown table that also reads well as plain text: numbers to the right, columns in line. */
export function markdownTable(head: readonly string[], rows: readonly string[][]): string {
  const widths = head.map((title, column) => {
    return Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0));
  });
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((text, i) => {
      const width = widths[i] ?? 0;
      return i === 0 ? text.padEnd(width) : text.padStart(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, i) => {
    return i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`;
  });
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}
