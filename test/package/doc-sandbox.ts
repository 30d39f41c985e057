/**
 * The sandbox for documentation blocks: private servers behind the documented ports, and one process for all
 * blocks. Reports what failed, and leaves nothing running.
 */
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import ts from "typescript";
import { startCluster } from "../../src/testing/index.js";
import { startSentinels } from "../support/sentinels.js";
import { type RunningServer, startServer } from "../support/server.js";
import { agrees, type Block, programOf } from "./doc-blocks.js";
import type { Outcome, Redirects, Task } from "./doc-runner.js";
import { ROOT } from "./paths.js";

const BLOCK_TIMEOUT = 8_000;

/** The sandbox for blocks. */
export interface Sandbox extends AsyncDisposable {
  /**
   * Run a block on an empty server.
   *
   * @param block - A ts or js one.
   * @param timeout - Milliseconds.
   * @returns Every broken promise and thrown error; an empty list when the block is correct.
   */
  run(block: Block, timeout?: number): Promise<string[]>;
}

/** What the blocks need besides a server. */
export interface Needs {
  /** Whether port 26379 leads to a Sentinel. */
  readonly sentinel: boolean;
  /** Whether ports 7000 and 7001 lead to a node of a cluster. */
  readonly cluster: boolean;
}

/** Start servers and the process. */
export async function startSandbox(needs: Needs): Promise<Sandbox> {
  const ends: (() => Promise<unknown>)[] = [];
  const dispose = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const parts = await startParts(needs, (end) => ends.push(end));
    return {
      run: (block, timeout = BLOCK_TIMEOUT) => runBlock(parts, block, timeout),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function startParts(
  needs: Needs,
  atEnd: (end: () => Promise<unknown>) => void,
): Promise<Parts> {
  const dir = await mkdtemp(join(tmpdir(), "rediswire-docs-"));
  atEnd(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, "node_modules"));
  await symlink(ROOT, join(dir, "node_modules/rediswire"));
  const acl = ["app on >secret ~* &* +@all"];
  const server = await startServer({ tls: true, unixSocket: true, acl });
  atEnd(() => server.stop());
  const sentinel = needs.sentinel ? await startSentinel(atEnd) : 0;
  const cluster = needs.cluster ? await startClusterNode(atEnd) : 0;
  const { port: plain, tlsPort: tls = 0, unixPath: unixSocket = "" } = server;
  const child = await startRunner(dir, { plain, tls, sentinel, cluster, unixSocket }, server);
  atEnd(async () => child.kill());
  return { dir, server, child };
}

async function startSentinel(atEnd: (end: () => Promise<unknown>) => void): Promise<number> {
  const deployment = await startSentinels({ replicas: 1, sentinels: 1 });
  atEnd(async () => deployment[Symbol.asyncDispose]());
  return deployment.sentinels[0]?.port ?? 0;
}

async function startClusterNode(atEnd: (end: () => Promise<unknown>) => void): Promise<number> {
  const cluster = await startCluster({ primaries: 3 });
  atEnd(() => cluster.stop());
  return cluster.primaries[0]?.port ?? 0;
}

interface Parts {
  readonly dir: string;
  readonly server: RunningServer;
  readonly child: ChildProcess;
}

async function startRunner(
  dir: string,
  redirects: Redirects,
  { certs }: RunningServer,
): Promise<ChildProcess> {
  const source = readFileSync(join(ROOT, "test/package/doc-runner.ts"), "utf8");
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  const file = join(dir, "runner.mjs");
  await writeFile(file, ts.transpileModule(source, { compilerOptions }).outputText);
  const { PATH } = process.env;
  const env = { PATH, REDIS_URL: "redis://localhost:6379", NODE_EXTRA_CA_CERTS: certs?.ca };
  const execArgv = ["--enable-source-maps"];
  return fork(file, [JSON.stringify(redirects)], { cwd: dir, env, execArgv });
}

async function runBlock(parts: Parts, block: Block, timeout: number): Promise<string[]> {
  const { dir, server, child } = parts;
  const { extension, script, promises, prints } = programOf(block);
  await server.command("FLUSHALL");
  await server.command("FUNCTION", "FLUSH");
  // A module that was imported before would not run again under the same name.
  const name = `${block.name.replaceAll(/\W+/g, "-")}-${randomUUID()}`;
  const file = join(dir, `${name}.${extension === "cjs" ? "cjs" : "mjs"}`);
  await writeFile(file, script);
  const { error, seen, printed } = await ask(child, { file, timeout });
  const unlike = prints.length > 0 && !isDeepStrictEqual(printed, prints);
  return [
    ...(error === undefined ? [] : [error]),
    ...broken(promises, seen),
    ...(unlike ? [`${block.name} printed ${JSON.stringify(printed)}`] : []),
  ];
}

async function ask(child: ChildProcess, task: Task): Promise<Outcome> {
  if (child.exitCode !== null) throw new Error("an earlier block has ended the process");
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error("the block has ended the process"));
    child.once("exit", onExit);
    child.once("message", (outcome) => {
      child.off("exit", onExit);
      resolve(outcome as Outcome);
    });
    child.send(task);
  });
}

/** Promises of the comments that the run did not fulfil. */
function broken(
  promises: ReturnType<typeof programOf>["promises"],
  seen: Outcome["seen"],
): string[] {
  return promises.flatMap((promised) => {
    const { id, expected } = promised;
    const values = seen.filter(([name]) => name === id).map(([, value]) => value);
    if (values.length === 0) return [`${id} was never reached`];
    const recorded = values.join(", ");
    return agrees(recorded, promised) ? [] : [`${id} promises ${expected}, got ${recorded}`];
  });
}
