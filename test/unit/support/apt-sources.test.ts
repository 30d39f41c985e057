import { describe, expect, it } from "vitest";
import { deriveSources } from "../../support/apt-sources.js";

const wanted = { codename: "bookworm", suites: ["trixie", "bookworm-backports"] };
const stanzas = (text: string) => deriveSources(text, "sources", wanted).map(({ text }) => text);
const lines = (text: string) => deriveSources(text, "list", wanted).map(({ text }) => text);

describe("apt sources for other suites, from stanzas", () => {
  it("keeps where from and which key, even one written out", () => {
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

  it("leaves out what is not the release itself, not main, only sources, or switched off", () => {
    const base = { Types: "deb", Suites: "bookworm", Components: "main", URIs: "http://m.invalid" };
    const stanza = (change: Record<string, string>) =>
      Object.entries({ ...base, ...change })
        .map(([name, value]) => `${name}: ${value}\n`)
        .join("");
    const left = [
      stanza({ Suites: "bookworm-security" }),
      stanza({ Suites: "cloud-bookworm" }),
      stanza({ Components: "stable" }),
      stanza({ Types: "deb-src" }),
      stanza({ Enabled: "no" }),
    ].join("\n \n\n");
    expect(stanzas(left)).toEqual([]);
    const both = `${left}\n${stanza({})}\n${stanza({ Suites: "stable", Enabled: "yes" })}`;
    expect(stanzas(both)).toHaveLength(2);
  });
});

describe("apt sources for other suites, from lines", () => {
  it("writes a line a suite, options kept", () => {
    const text = `# deb http://mirror.invalid/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://mirror.invalid/debian bookworm main # ours
deb-src http://mirror.invalid/debian bookworm main
deb http://mirror.invalid/security bookworm-security main
deb http://elsewhere.invalid/ bookworm stable # main
deb http://second.invalid/debian   stable  contrib main`;
    const first =
      "deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://mirror.invalid/debian";
    const second = "deb http://second.invalid/debian";
    expect(lines(text)).toEqual([
      `${first} trixie main\n${first} bookworm-backports main\n`,
      `${second} trixie main\n${second} bookworm-backports main\n`,
    ]);
  });

  it("makes nothing of an empty file", () => {
    expect([...lines(""), ...stanzas("")]).toEqual([]);
  });
});
