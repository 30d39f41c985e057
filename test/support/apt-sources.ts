/**
 * Reading of apt's source lists: finds Debian's own sources and derives the same sources for other suites.
 * Pure text in and out. The address of a registry must never be written here: it is taken from the machine
 * on which the tests run.
 */

/** A source in one of apt's two formats, with other suites. */
export interface DerivedSource {
  /** File extension, by which apt recognises the format. */
  readonly extension: "list" | "sources";
  readonly text: string;
}

/** Other names of a Debian release in source lists. */
const ALIASES = ["stable", "oldstable", "oldoldstable", "testing"];

/** `deb [options] address suite components…` */
const LINE = /^deb(?:\s+\[([^\]]*)\])?\s+(\S+)\s+(\S+)\s+(.+)$/;

/**
 * Derive the same sources for other suites.
 *
 * @param text - Content of a file in /etc/apt/sources.list.d, or of sources.list.
 * @param format - Format, from the file extension.
 * @param wanted - The release of the machine, and the suites to use instead.
 * @returns The sources that name the release of the machine, with the wanted suites instead.
 */
export function deriveSources(
  text: string,
  format: DerivedSource["extension"],
  wanted: { readonly codename: string; readonly suites: readonly string[] },
): DerivedSource[] {
  const own = new Set([wanted.codename, ...ALIASES]);
  const texts =
    format === "list" ? fromLines(text, own, wanted.suites) : fromStanzas(text, own, wanted.suites);
  return texts.map((derived) => ({ extension: format, text: derived }));
}

function fromLines(text: string, own: ReadonlySet<string>, suites: readonly string[]): string[] {
  return text.split("\n").flatMap((line) => {
    const [, options, address, suite = "", components = ""] = LINE.exec(line.trim()) ?? [];
    if (!own.has(suite) || !hasMain(components.replace(/#.*/, ""))) return [];
    const start = options === undefined ? "deb" : `deb [${options}]`;
    return [suites.map((other) => `${start} ${address} ${other} main\n`).join("")];
  });
}

/** Fields that are replaced; all others, including keys of several lines, are kept unchanged. */
const REPLACED = new Set(["types", "suites", "components", "enabled"]);

function fromStanzas(text: string, own: ReadonlySet<string>, suites: readonly string[]): string[] {
  const stanzas = text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .split(/\n(?:[ \t]*\n)+/);
  return stanzas.flatMap((stanza) => {
    const fields = fieldsOf(stanza);
    const value = (name: string) => fields.find((field) => field.name === name)?.value ?? "";
    const serves =
      words(value("types")).includes("deb") &&
      words(value("suites")).some((suite) => own.has(suite)) &&
      hasMain(value("components")) &&
      !/^(?:no|false|0)$/i.test(value("enabled"));
    if (!serves) return [];
    const kept = fields.filter(({ name }) => !REPLACED.has(name)).map(({ source }) => source);
    const written = ["Types: deb", `Suites: ${suites.join(" ")}`, "Components: main"];
    return [`${[...written, ...kept].join("\n")}\n`];
  });
}

interface Field {
  /** Field name in lower case. */
  readonly name: string;
  readonly value: string;
  /** The lines of the field. */
  readonly source: string;
}

function fieldsOf(stanza: string): Field[] {
  return stanza.split(/\n(?![ \t])/).flatMap((source) => {
    const colon = source.indexOf(":");
    if (colon < 0) return [];
    const name = source.slice(0, colon).trim().toLowerCase();
    return [{ name, value: source.slice(colon + 1).trim(), source }];
  });
}

const words = (text: string): string[] => text.split(/\s+/);

/** A field that Debian's own repositories have and most others lack. */
const hasMain = (components: string): boolean => words(components).includes("main");

/**
 * List the attempts to download packages, each of which names one suite or several: `redis-tools/experimental|sid`.
 *
 * @returns Every combination of suites, the preferred ones first.
 */
export function choicesOf(packages: readonly string[]): string[][] {
  return packages.reduce<string[][]>(
    (choices, wanted) => {
      const [name = "", suites = ""] = wanted.split("/");
      const forms = suites.split("|").map((suite) => `${name}/${suite}`);
      return choices.flatMap((choice) => forms.map((form) => [...choice, form]));
    },
    [[]],
  );
}
