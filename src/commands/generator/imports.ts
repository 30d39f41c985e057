/**
 * Maps a function that the command table refers to, to the module that generated code imports it from.
 * The table holds the functions themselves, so the compiler checks a renamed function. Pure.
 */

/** Exports of hand-written modules, by path inside `commands/` without extension: `streams/args`. */
export type Modules = Readonly<Record<string, object>>;

/** Where a hand-written function is exported. */
export interface Home {
  readonly name: string;
  /** Path inside `commands/` without extension. */
  readonly module: string;
}

/** Finds the module of a function. */
export class FunctionHomes {
  readonly #homes: ReadonlyMap<unknown, Home>;

  constructor(modules: Modules) {
    this.#homes = new Map(
      Object.entries(modules).flatMap(([module, exported]) =>
        Object.entries(exported).map(([name, value]): [unknown, Home] => [value, { name, module }]),
      ),
    );
  }

  /**
   * Find where `fn` is exported.
   *
   * @throws Error when no module exports it.
   */
  of(fn: unknown): Home {
    const home = this.#homes.get(fn);
    if (home === undefined) throw new Error(`not exported by a known module: ${String(fn)}`);
    return home;
  }
}

/** Collects what a generated file has to import. */
export class Imports {
  readonly #homes: FunctionHomes;
  readonly #values = new Map<string, Set<string>>();
  readonly #types = new Map<string, Set<string>>();

  constructor(homes: FunctionHomes) {
    this.#homes = homes;
  }

  /** Import a function; returns its name. */
  fn(fn: unknown): string {
    const { name, module } = this.#homes.of(fn);
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
