import { describe, expect, it } from "vitest";
import { choicesOf, deriveSources } from "../../support/apt-sources.js";

const wanted = { codename: "bookworm", suites: ["trixie", "bookworm-backports"] };
const stanzas = (text: string) => deriveSources(text, "sources", wanted).map(({ text }) => text);
const lines = (text: string) => deriveSources(text, "list", wanted).map(({ text }) => text);

describe("deriveSources from deb822 stanzas", () => {
  it("keeps the URI and the key, even an inline key", () => {
    const key = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ=\n -----END";
    const text = `Types: deb deb-src
# an archive
URIs: http://mirror.invalid/debian
Suites: bookworm bookworm-updates
Components: main contrib
${key}`;
    expect(stanzas(text)).toEqual([
      `Types: deb
Suites: trixie bookworm-backports
Components: main
URIs: http://mirror.invalid/debian
${key}
`,
    ]);
  });

  it("skips stanzas of other suites, components without main, source packages and disabled ones", () => {
    const base = { Types: "deb", Suites: "bookworm", Components: "main", URIs: "http://m.invalid" };
    const stanza = (change: Record<string, string>) =>
      Object.entries({ ...base, ...change })
        .map(([name, value]) => `${name}: ${value}\n`)
        .join("");
    const skipped = [
      stanza({ Suites: "bookworm-security" }),
      stanza({ Suites: "cloud-bookworm" }),
      stanza({ Components: "stable" }),
      stanza({ Types: "deb-src" }),
      stanza({ Enabled: "no" }),
    ].join("\n \n\n");
    expect(stanzas(skipped)).toEqual([]);
    const both = `${skipped}\n${stanza({})}\n${stanza({ Suites: "stable", Enabled: "yes" })}`;
    expect(stanzas(both)).toHaveLength(2);
  });
});

describe("deriveSources from one-line entries", () => {
  it("writes one line per suite and keeps the options", () => {
    const text = `# deb http://mirror.invalid/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://mirror.invalid/debian bookworm main # comment
deb-src http://mirror.invalid/debian bookworm main
deb http://mirror.invalid/security bookworm-security main
deb http://other.invalid/ bookworm stable # main
deb http://second.invalid/debian   stable  contrib main`;
    const first =
      "deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://mirror.invalid/debian";
    const second = "deb http://second.invalid/debian";
    expect(lines(text)).toEqual([
      `${first} trixie main\n${first} bookworm-backports main\n`,
      `${second} trixie main\n${second} bookworm-backports main\n`,
    ]);
  });

  it("returns nothing for an empty file", () => {
    expect([...lines(""), ...stanzas("")]).toEqual([]);
  });
});

describe("choicesOf", () => {
  it("lists the combinations of suites, the preferred ones first", () => {
    expect(choicesOf(["a/new|old", "b/old", "c/new|old"])).toEqual([
      ["a/new", "b/old", "c/new"],
      ["a/new", "b/old", "c/old"],
      ["a/old", "b/old", "c/new"],
      ["a/old", "b/old", "c/old"],
    ]);
  });
});
