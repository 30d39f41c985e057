/**
 * Compares the command table with the servers: every command and subcommand of every server of this run (all
 * three in `npm run test:matrix`) is in the table, and described as by the server.
 */
import { describe, expect, test } from "vitest";
import { isMatrix, type ServerName, serversOfRun } from "../support/other-servers.js";
import { startServer } from "../support/server.js";
import { type Aspect, COMPARISONS } from "./compare.js";
import { ABSENT, DIFFERENT, UNAVAILABLE } from "./expectations.js";
import { type ServedCommand, servedCommands } from "./served.js";
import { tableCommands } from "./table.js";

const table = tableCommands();
const aspects = Object.keys(COMPARISONS) as Aspect[];

/** Every server of the run, and each as a Sentinel, which has commands that no other server has. */
const HOSTS = serversOfRun().flatMap((server) => [
  { title: server, server, sentinel: false, least: 300, sample: "CLIENT SETNAME" },
  { title: `${server} as a Sentinel`, server, sentinel: true, least: 50, sample: "SENTINEL SET" },
]);

async function servedBy(server: ServerName, sentinel: boolean): Promise<ServedCommand[]> {
  await using running = await startServer({ server, sentinel });
  return await servedCommands(running);
}

const served = new Map(
  await Promise.all(
    HOSTS.map(async ({ title, server, sentinel }) => {
      return [title, await servedBy(server, sentinel)] as const;
    }),
  ),
);
const everything = [...served.values()].flat();

/** `CLIENT` for `CLIENT KILL`. */
const containerOf = (wire: string): string => wire.split(" ")[0] ?? "";

/** Differences in one aspect, expected or not. */
function differences(commands: readonly ServedCommand[], aspect: Aspect): Map<string, string> {
  const found = commands.flatMap((command): [string, string][] => {
    const ours = table.get(command.name);
    if (ours === undefined || ours.specs.length === 0) return [];
    const problem = COMPARISONS[aspect](command, ours);
    return problem === undefined ? [] : [[command.name, problem]];
  });
  return new Map(found);
}

/** Fail for unexpected differences. */
function expectNone(title: string, open: readonly string[]): void {
  expect(open, title).toEqual([]);
}

describe.each(HOSTS)("$title", ({ title: name, least, sample }) => {
  const commands = served.get(name) ?? [];

  test("COMMAND DOCS describes the commands of the server", () => {
    expect(commands.length).toBeGreaterThan(least);
    expect(commands.map((command) => command.name)).toContain(sample);
  });

  test("the table contains every command of the server", () => {
    const missing = commands.map((command) => command.name).filter((wire) => !table.has(wire));
    expectNone(
      `${name}: not in the table`,
      missing.filter((wire) => !(wire in ABSENT)),
    );
  });

  test.each(aspects)("the table agrees with the server on %s", (aspect) => {
    const open = [...differences(commands, aspect)].filter(
      ([wire]) => !(wire in DIFFERENT[aspect]),
    );
    expectNone(
      `${name}: ${aspect}`,
      open.map(([wire, problem]) => `${wire}: ${problem}`),
    );
  });
});

describe("documented differences between table and servers", () => {
  test("fewer than 10 commands are listed as absent", () => {
    expect(Object.keys(ABSENT).length).toBeLessThan(10);
  });

  test("no command is listed as absent and present in the table", () => {
    expect(Object.keys(ABSENT).filter((wire) => table.has(wire))).toEqual([]);
  });

  // One server alone does not show the differences of the others.
  if (isMatrix())
    test("every listed difference is needed for at least one server", () => {
      const serves = (wire: string) => everything.some((command) => command.name === wire);
      const absent = Object.keys(ABSENT).filter((wire) => !serves(wire));
      const ahead = Object.keys(UNAVAILABLE).filter((wire) => serves(wire) || !table.has(wire));
      const unneeded = aspects.flatMap((aspect) => {
        const found = differences(everything, aspect);
        return Object.keys(DIFFERENT[aspect])
          .filter((wire) => !found.has(wire))
          .map((wire) => `${aspect} of ${wire}`);
      });
      expectNone("explained without need", [...absent, ...ahead, ...unneeded]);
    });

  if (isMatrix())
    test("the list accounts for every command that only the table has", () => {
      const known = new Set(everything.flatMap(({ name }) => [name, containerOf(name)]));
      const isFormOf = (wire: string) =>
        [...known].some((name) => name.includes(" ") && wire.startsWith(`${name} `));
      // No server describes the subcommands of DEBUG.
      const more = [...table.keys()].filter(
        (wire) =>
          !known.has(wire) &&
          !(wire in UNAVAILABLE) &&
          containerOf(wire) !== "DEBUG" &&
          !isFormOf(wire),
      );
      expectNone("in the table, but on no server", more);
    });
});
