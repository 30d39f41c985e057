/**
 * Finds the module that exports each function of the command table, and collects the imports of a
 * generated file. The table holds the functions themselves, so the compiler checks a renamed function.
 * Pure.
 */

/** Exports of hand-written modules, by path inside `commands/` without extension: `streams/args`. */
export type Modules = Readonly<Record<string, object>>;

interface ExportedName {
  readonly name: string;
  /** Path inside `commands/` without extension. */
  readonly module: string;
}

/** Finds the name and module of an exported value. */
export class ExportIndex {
  readonly #names: ReadonlyMap<unknown, ExportedName>;

  constructor(modules: Modules) {
    this.#names = new Map(
      Object.entries(modules).flatMap(([module, exported]) =>
        Object.entries(exported).map(([name, value]): [unknown, ExportedName] => [
          value,
          { name, module },
        ]),
      ),
    );
  }

  /**
   * Find the export whose value is `value`.
   *
   * @throws Error when no module exports it.
   */
  find(value: unknown): ExportedName {
    const found = this.#names.get(value);
    if (found === undefined) throw new Error(`not exported by a known module: ${String(value)}`);
    return found;
  }
}

/** Collects the imports of a generated file. */
export class Imports {
  readonly #exports: ExportIndex;
  readonly #values = new Map<string, Set<string>>();
  readonly #types = new Map<string, Set<string>>();

  constructor(exports: ExportIndex) {
    this.#exports = exports;
  }

  /** Import a hand-written function or class; return its name. */
  exported(value: unknown): string {
    const { name, module } = this.#exports.find(value);
    return this.value(name, `../${module}.js`);
  }

  /** Import a value by name and path; return its name. */
  value(name: string, from: string): string {
    this.#add(this.#values, name, from);
    return name;
  }

  /** Import a type by name and path; return its name. */
  type(name: string, from: string): string {
    this.#add(this.#types, name, from);
    return name;
  }

  /** The import statements, sorted by module; types separate from values. */
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
