/**
 * Owns the way from a function named in the spec to the module generated code imports it from. The
 * spec holds the functions themselves, so renaming one is the compiler's business.
 */
import * as bitfield from "../bitfield.js";
import * as blockTime from "../block-time.js";
import * as builders from "../builders.js";
import * as buildersAcl from "../builders-acl.js";
import * as buildersArrays from "../builders-arrays.js";
import * as buildersBitmaps from "../builders-bitmaps.js";
import * as buildersCluster from "../builders-cluster.js";
import * as buildersGeo from "../builders-geo.js";
import * as buildersHashes from "../builders-hashes.js";
import * as buildersHotkeys from "../builders-hotkeys.js";
import * as buildersLists from "../builders-lists.js";
import * as buildersScripting from "../builders-scripting.js";
import * as buildersServer from "../builders-server.js";
import * as buildersStreams from "../builders-streams.js";
import * as buildersVectors from "../builders-vectors.js";
import * as decode from "../decode.js";
import * as decodeArrays from "../decode-arrays.js";
import * as decodeCluster from "../decode-cluster.js";
import * as decodeGeo from "../decode-geo.js";
import * as decodeHotkeys from "../decode-hotkeys.js";
import * as decodeScripting from "../decode-scripting.js";
import * as decodeSentinel from "../decode-sentinel.js";
import * as decodeServer from "../decode-server.js";
import * as decodeServerAcl from "../decode-server-acl.js";
import * as decodeServerCommands from "../decode-server-commands.js";
import * as decodeServerState from "../decode-server-state.js";
import * as decodeStreams from "../decode-streams.js";
import * as decodeVectors from "../decode-vectors.js";
import * as pick from "../pick.js";

const MODULES: Readonly<Record<string, object>> = {
  bitfield,
  "block-time": blockTime,
  builders,
  "builders-acl": buildersAcl,
  "builders-arrays": buildersArrays,
  "builders-bitmaps": buildersBitmaps,
  "builders-cluster": buildersCluster,
  "builders-geo": buildersGeo,
  "builders-hashes": buildersHashes,
  "builders-hotkeys": buildersHotkeys,
  "builders-lists": buildersLists,
  "builders-scripting": buildersScripting,
  "builders-server": buildersServer,
  "builders-vectors": buildersVectors,
  "builders-streams": buildersStreams,
  decode,
  "decode-arrays": decodeArrays,
  "decode-cluster": decodeCluster,
  "decode-geo": decodeGeo,
  "decode-hotkeys": decodeHotkeys,
  "decode-scripting": decodeScripting,
  "decode-sentinel": decodeSentinel,
  "decode-server": decodeServer,
  "decode-server-acl": decodeServerAcl,
  "decode-server-commands": decodeServerCommands,
  "decode-server-state": decodeServerState,
  "decode-vectors": decodeVectors,
  "decode-streams": decodeStreams,
  pick,
};

/** Where a hand-written function lives. */
export interface Home {
  readonly name: string;
  /** Module name inside `commands/`. */
  readonly module: string;
}

const HOMES = new Map<unknown, Home>(
  Object.entries(MODULES).flatMap(([module, exported]) =>
    Object.entries(exported).map(([name, value]): [unknown, Home] => [value, { name, module }]),
  ),
);

/** Find where `fn` is exported. */
export function homeOf(fn: unknown): Home {
  const home = HOMES.get(fn);
  if (home === undefined) throw new Error(`not exported by a known module: ${String(fn)}`);
  return home;
}

/** Collects what a generated file has to import. */
export class Imports {
  readonly #values = new Map<string, Set<string>>();
  readonly #types = new Map<string, Set<string>>();

  /** Note a function and give its name. */
  fn(fn: unknown): string {
    const { name, module } = homeOf(fn);
    return this.value(name, `../${module}.js`);
  }

  value(name: string, from: string): string {
    this.#add(this.#values, name, from);
    return name;
  }

  type(name: string, from: string): string {
    this.#add(this.#types, name, from);
    return name;
  }

  /** The import statements, sorted, types apart. */
  toString(): string {
    const lines = [
      ...[...this.#types].map(([from, names]) => this.#line("import type", from, names)),
      ...[...this.#values].map(([from, names]) => this.#line("import", from, names)),
    ];
    return `${lines.sort((a, b) => compare(moduleOf(a), moduleOf(b)) || compare(a, b)).join("\n")}\n`;
  }

  #add(map: Map<string, Set<string>>, name: string, from: string): void {
    const names = map.get(from);
    if (names === undefined) map.set(from, new Set([name]));
    else names.add(name);
  }

  #line(keyword: string, from: string, names: ReadonlySet<string>): string {
    const list = [...names].sort(compare);
    const flat = `${keyword} { ${list.join(", ")} } from "${from}";`;
    if (flat.length <= 100) return flat;
    return `${keyword} {\n${list.map((name) => `  ${name},\n`).join("")}} from "${from}";`;
  }
}

function moduleOf(line: string): string {
  return line.slice(line.lastIndexOf(' from "'));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
