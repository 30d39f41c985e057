/**
 * Owns the reading of apt's source lists: which of them are Debian's own, and the same ones again for
 * other suites. Pure text in and out. No address of a registry may ever be written here: where
 * packages come from is known only from the machine the tests run on.
 */

/** One source in either of apt's two formats, pointing at other suites than before. */
export interface DerivedSource {
  /** Extension that tells apt the format. */
  readonly extension: "list" | "sources";
  readonly text: string;
}

/** Names a Debian release also goes by in source lists. */
const ALIASES = ["stable", "oldstable", "oldoldstable", "testing"];

/** `deb [options] address suite components…` */
const LINE = /^deb(?:\s+\[([^\]]*)\])?\s+(\S+)\s+(\S+)\s+(.+)$/;

/**
 * Derive the same sources for other suites.
 *
 * @param text - A file of /etc/apt/sources.list.d, or sources.list itself.
 * @param format - By its extension.
 * @param wanted - The release the machine has, and the suites to have instead.
 * @returns What names the machine's own release, with the wanted suites in its place.
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

/** Fields that are written anew; all others, keys of several lines among them, are kept as they are. */
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
  /** In lower case. */
  readonly name: string;
  readonly value: string;
  /** The lines it stood on. */
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

/** Debian's own repositories have it, most others do not. */
const hasMain = (components: string): boolean => words(components).includes("main");
