/** Owns reading the comments that say which complaint of the compiler the next line is due. */

const DIRECTIVE = /^\s*\/\/ @ts-expect-error TS(\d+) (.*)$/;

/** A complaint that is due. */
export interface ExpectedError {
  /** The line it stands on, from 1. */
  readonly line: number;
  readonly code: number;
  /** A part of the message. */
  readonly words: string;
  /** The code in question. */
  readonly call: string;
}

/** Read all of a file. */
export function expectedErrors(text: string): ExpectedError[] {
  const lines = text.split("\n");
  return lines.flatMap((comment, i) => {
    const [, code, words = ""] = DIRECTIVE.exec(comment) ?? [];
    return code === undefined
      ? []
      : [{ line: i + 2, code: Number(code), words, call: (lines[i + 1] ?? "").trim() }];
  });
}

/** Take the directives out, so that the compiler tells what they would silence; lines stay. */
export function undirected(text: string): string {
  return text.replaceAll("// @ts-expect-error", "//");
}
