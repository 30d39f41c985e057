/**
 * Download of Debian packages of other releases, unpacked into a folder. The system is not changed: lists,
 * caches and packages are private, nothing is installed, no package script runs. Root is not needed.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { choicesOf, type DerivedSource, deriveSources } from "./apt-sources.js";

const run = promisify(execFile);
const OUTPUT_LIMIT = 16 * 1024 * 1024;
const TIMEOUT_MS = 300_000;

/** Packages to download. */
export interface Unpacking {
  /** Releases that the packages come from, under apt's names. */
  readonly suites: readonly string[];
  /** Package names, each with its suite, or with several in order of preference: `redis-tools/experimental|sid`. */
  readonly packages: readonly string[];
  /** Folder to unpack into; created when missing. */
  readonly into: string;
}

/**
 * Download packages from the mirror of this machine and unpack them.
 *
 * @param unpacking - Packages and target folder.
 * @throws Error when apt's sources name no Debian mirror, or the mirror lacks the packages.
 */
export async function unpackPackages({ suites, packages, into }: Unpacking): Promise<void> {
  const work = `${into}.apt`;
  try {
    const config = await prepareFolders(work, await debianSources(suites));
    const download = join(work, "packages");
    // A third-party source may lack these suites: only the download must succeed.
    const update = await apt(config, ["update"], work).catch((error: unknown) => error);
    await downloadFirst(packages, [update], async (choice) => {
      // An attempt that failed may have downloaded other versions.
      await rm(download, { recursive: true, force: true });
      await mkdir(download);
      await apt(config, ["download", ...choice], download);
    });
    await mkdir(into, { recursive: true });
    for (const name of await readdir(download)) {
      await run("dpkg-deb", ["--extract", join(download, name), into]);
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Download the packages from the suites that each prefers, or from the next ones. */
async function downloadFirst(
  packages: readonly string[],
  results: readonly unknown[],
  download: (choice: readonly string[]) => Promise<void>,
): Promise<void> {
  const failures = [...results];
  for (const choice of choicesOf(packages)) {
    const error = await download(choice).catch((reason: unknown) => reason);
    if (error === undefined) return;
    failures.push(error);
  }
  throw new Error(failureMessage(packages, failures), { cause: failures.at(-1) });
}

function failureMessage(packages: readonly string[], results: readonly unknown[]): string {
  const reports = results.flatMap((result) => (result instanceof Error ? [result.message] : []));
  return `apt could not download ${packages.join(", ")}:\n${reports.join("\n")}`;
}

async function apt(config: string, args: readonly string[], cwd: string): Promise<void> {
  const env = { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  const options = { cwd, env, maxBuffer: OUTPUT_LIMIT, timeout: TIMEOUT_MS };
  await run("apt-get", ["-q", "-c", config, ...args], options);
}

async function prepareFolders(work: string, sources: readonly DerivedSource[]): Promise<string> {
  await rm(work, { recursive: true, force: true });
  for (const folder of ["parts", "lists/partial", "cache/archives/partial"]) {
    await mkdir(join(work, folder), { recursive: true });
  }
  for (const [i, { extension, text }] of sources.entries()) {
    await writeFile(join(work, "parts", `derived-${i}.${extension}`), text);
  }
  const config = join(work, "apt.conf");
  await writeFile(config, aptConfig(work));
  return config;
}

/** Read after the settings of the system, which may contain a required proxy. */
function aptConfig(work: string): string {
  const settings: Record<string, string> = {
    "Dir::Etc::SourceList": "/dev/null",
    "Dir::Etc::SourceParts": join(work, "parts"),
    "Dir::State::Lists": join(work, "lists"),
    "Dir::Cache": join(work, "cache"),
    // The user `_apt` cannot write into a folder below a home directory.
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
    "Acquire::Retries": "3",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
  const hooks = [
    "APT::Update::Pre-Invoke",
    "APT::Update::Post-Invoke",
    "APT::Update::Post-Invoke-Success",
  ];
  return `${[...hooks.map((name) => `#clear ${name};`), ...lines].join("\n")}\n`;
}

async function debianSources(suites: readonly string[]): Promise<DerivedSource[]> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  const codename = /^VERSION_CODENAME="?([\w-]+)/m.exec(release)?.[1] ?? "";
  const sources: DerivedSource[] = [];
  for (const file of await sourceFiles()) {
    const format = file.endsWith(".sources") ? "sources" : "list";
    const text = await readFile(file, "utf8").catch(() => "");
    sources.push(...deriveSources(text, format, { codename, suites }));
  }
  if (sources.length > 0) return sources;
  throw new Error(
    `no source in /etc/apt has Debian's ${codename || "current release"}, so the source ` +
      `of ${suites.join(" and ")} is unknown`,
  );
}

async function sourceFiles(): Promise<string[]> {
  const folder = "/etc/apt/sources.list.d";
  const names = await readdir(folder).catch(() => []);
  const parts = names.filter((name) => /^[\w.-]+\.(?:list|sources)$/.test(name)).sort();
  return ["/etc/apt/sources.list", ...parts.map((name) => join(folder, name))];
}
