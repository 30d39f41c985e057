/**
 * Draws the rooms of `src` and their imports into docs/architecture.md, and checks that the drawing and the
 * paths on that page are true. Run with `-u` it rewrites the drawing.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { ROOT } from "./paths.js";
import * as rules from "./rules.js";
import { readSources } from "./sources.js";

const PAGE = fileURLToPath(new URL("../../docs/architecture.md", import.meta.url));
const DRAWING = /(<!-- rooms:begin[^\n]*-->\n)[\s\S]*?(<!-- rooms:end -->)/;

const page = readFileSync(PAGE, "utf8");

describe("docs/architecture.md", () => {
  test("draws the imports between rooms as they are in the code", async () => {
    const sources = readSources("src").filter(({ path }) => !path.startsWith("src/testing/"));
    const drawing = rules.mermaid(rules.reduced(rules.roomGraph(sources)));
    expect(page).toMatch(DRAWING);
    const drawn = page.replace(DRAWING, `$1\n\`\`\`mermaid\n${drawing}\`\`\`\n\n$2`);
    await expect(drawn).toMatchFileSnapshot(PAGE);
  });

  test("names existing files and folders only", () => {
    const paths = [...page.matchAll(/`((?:src|test)\/[\w./-]+)`/g)].map(([, path = ""]) => path);
    expect(paths.length).toBeGreaterThan(10);
    expect(paths.filter((path) => !existsSync(`${ROOT}${path}`))).toEqual([]);
  });
});

describe("the drawing", () => {
  const graph = new Map([
    ["client", new Set(["pool", "errors"])],
    ["pool", new Set(["errors"])],
    ["errors", new Set<string>()],
  ]);

  test("leaves out arrows that follow from others", () => {
    expect(rules.mermaid(rules.reduced(graph))).toBe(
      "flowchart TD\n  client --> pool\n  pool --> errors\n",
    );
  });
});
