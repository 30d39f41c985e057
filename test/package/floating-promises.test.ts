/** No promise of the library floats: a rejection that no code handles would end the user's process. */
import { describe, expect, it } from "vitest";
import { compile, ownOptions } from "./compiler.js";
import { floatingPromises } from "./floating.js";
import { ROOT } from "./paths.js";
import { readSources } from "./sources.js";

/**
 * Promises that float on purpose: what a handler of the user throws, when the user has set no `onError`, is
 * an unhandled rejection of the user.
 */
const EXPECTED: Readonly<Record<string, string>> = {
  "src/util/guarded.ts": "Promise.reject(error)",
  // A callback that throws is a bug of this library, whichever way it is reported.
  "src/util/timers.ts": "Promise.resolve().then(callback)",
};

const EXAMPLE = `${ROOT}src/example.ts`;
const MARKED = /\/\/ floats$/;

/** Lines marked \`// floats\` must be found, and no others. */
const SAMPLE = `
declare function work(): Promise<number>;
declare function on(listener: () => void): void;
declare function each(listener: () => unknown): void;
declare const maybe: (() => Promise<void>) | undefined;
const store: { pending?: Promise<number> } = {};
export async function sample(flag: boolean): Promise<void> {
  work(); // floats
  void work(); // floats
  (flag ? work() : undefined); // floats
  flag && work(); // floats
  maybe?.(); // floats
  work().then(() => 1); // floats
  work().finally(() => {}); // floats
  work().then(() => work()).finally(() => {}); // floats
  on(async () => {}); // floats
  on(() => work()); // floats
  on(() => void work()); // floats
  await work();
  work().catch(() => 1);
  work().then(() => 1, () => 2);
  work().then(() => 1).catch(() => 2).finally(() => {});
  on(() => work().catch(() => 1));
  on(() => { work().catch(() => 1); });
  each(async () => {});
  store.pending = work();
  return void (await work());
}
`;

describe("floatingPromises", () => {
  it("finds every promise whose rejection would be unhandled, and no other", () => {
    const { program } = compile([EXAMPLE], ownOptions(), new Map([[EXAMPLE, SAMPLE]]));
    const lines = SAMPLE.split("\n");
    const marked = lines.flatMap((line, index) => (MARKED.test(line) ? [index + 1] : []));
    const found = floatingPromises(program, [EXAMPLE]).map(({ line }) => line);
    expect(found).toEqual(marked);
  });
});

describe("the source", () => {
  it("contains no floating promise", () => {
    const paths = readSources("src", ["src/commands/generated"]).map(
      ({ path }) => `${ROOT}${path}`,
    );
    expect(paths.length).toBeGreaterThan(150);
    const { program } = compile([`${ROOT}src/index.ts`, ...paths], ownOptions());
    const found = floatingPromises(program, paths).filter(({ file, text }) => {
      return !EXPECTED[file.slice(ROOT.length)]?.includes(text);
    });
    expect(
      found.map(({ file, line, text }) => `${file.slice(ROOT.length)}:${line} ${text}`),
    ).toEqual([]);
  });
});
