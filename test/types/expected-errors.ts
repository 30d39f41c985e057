/** Reads the comments that name the compiler error expected on the next line. */

const DIRECTIVE = /^\s*\/\/ @ts-expect-error TS(\d+) (.*)$/;

/** An expected compiler error. */
export interface ExpectedError {
  /** Its line, from 1. */
  readonly line: number;
  readonly code: number;
  /** A part of the message. */
  readonly words: string;
  /** The code that must not compile. */
  readonly call: string;
}

/** Read all expected errors of a file. */
export function expectedErrors(text: string): ExpectedError[] {
  const lines = text.split("\n");
  return lines.flatMap((comment, i) => {
    const [, code, words = ""] = DIRECTIVE.exec(comment) ?? [];
    return code === undefined
      ? []
      : [{ line: i + 2, code: Number(code), words, call: (lines[i + 1] ?? "").trim() }];
  });
}

/** Remove the directives, so that the compiler reports what they would silence; lines are kept. */
export function undirected(text: string): string {
  return text.replaceAll("// @ts-expect-error", "//");
}
