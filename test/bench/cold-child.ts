/**
 * One cold start: a fresh process that loads one package, connects, awaits one GET and ends. Imports as
 * little as possible, because everything it loads is measured too.
 */
import { pathToFileURL } from "node:url";
import { clientNamed } from "./clients/index.js";
import type { ColdSetup, ColdStart } from "./messages.js";
import { DIST } from "./paths.js";

const setup = JSON.parse(process.argv[2] ?? "") as ColdSetup;
const { kind, packageName, open } = clientNamed(setup.client);

const begun = performance.now();
if (packageName !== undefined) {
  await import(kind === "ours" ? pathToFileURL(DIST).href : packageName);
}
const load = performance.now() - begun;

const adapter = await open({ host: "127.0.0.1", port: setup.port });
if (typeof (await adapter.get(setup.key)) !== "string") throw new Error("no value");
// This clock starts with the process.
const result: ColdStart = { load, firstReply: performance.now() };
process.stdout.write(JSON.stringify(result));
await adapter.close();
