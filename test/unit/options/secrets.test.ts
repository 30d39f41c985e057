import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { normalizeOptions, resolveOptions } from "../../../src/options/normalize.js";
import type { RedisOptions } from "../../../src/options/types.js";

const SECRET = "hunter2";

function everyView(value: unknown): string {
  const deep = { depth: 20, showHidden: true, getters: true };
  return [JSON.stringify(value), inspect(value), inspect(value, deep), String(value)].join("\n");
}

describe("settings hide secrets", () => {
  it.each<RedisOptions>([
    { password: SECRET },
    { username: SECRET, password: SECRET },
    { url: `redis://${SECRET}:${SECRET}@h` },
    { url: `redis://h?password=${SECRET}` },
    { credentialProvider: () => ({ password: SECRET }) },
    { tls: { key: SECRET, cert: SECRET, passphrase: SECRET, pfx: SECRET } },
    { tls: { key: [{ pem: SECRET, passphrase: SECRET }] } },
    { url: `rediss://h?ssl_password=${SECRET}` },
  ])("case %# shows no secret", (options) => {
    const settings = normalizeOptions(options);
    expect(everyView(settings)).not.toContain(SECRET);
    expect(everyView({ nested: [settings] })).not.toContain(SECRET);
    expect(everyView(settings.tls)).not.toContain(SECRET);
  });

  it("show the values that are not secret", () => {
    const settings = normalizeOptions({
      host: "redis.example",
      password: SECRET,
      tls: { servername: "sni.example", rejectUnauthorized: false, key: SECRET },
    });
    const shown = JSON.parse(JSON.stringify(settings));
    expect(shown).toMatchObject({
      address: { host: "redis.example" },
      tls: { servername: "sni.example", rejectUnauthorized: false, key: "[hidden]" },
    });
    expect(inspect(settings)).toContain("redis.example");
    expect(inspect(settings.tls)).toContain("servername: 'sni.example'");
    expect(inspect(settings)).toContain("[hidden]");
    const raw = inspect(settings, { depth: 20, customInspect: false });
    expect(raw).toContain("servername: 'sni.example'");
    expect(raw).not.toContain(SECRET);
    expect({ ...settings.tls }.key).toBe(SECRET);
  });

  it("give the TLS secrets to a shallow copy", () => {
    const copy = { ...normalizeOptions({ tls: { key: SECRET } }).tls };
    expect(copy.key).toBe(SECRET);
    expect(JSON.stringify(copy)).toContain(SECRET);
  });
});

describe("errors hide secrets", () => {
  const wrong: readonly unknown[][] = [
    [`redis://u:${SECRET}@h:port`],
    [`redis://u:${SECRET}@h:99999`],
    [`redis://u:x/${SECRET}@h`],
    [`redis://u:x#${SECRET}@h`],
    [`redis://u:x?${SECRET}@h`],
    [`redis://u:x?${SECRET}=1@h`],
    [`redis://u:${SECRET}@[h]`],
    [`redis://u:${SECRET}@h?nope=1`],
    [`redis://u:${SECRET}@h?db=x`],
    [`redis://u:${SECRET}@h/-5`],
    [`redis://u:${SECRET}%FF@h`],
    [`http://u:${SECRET}@h`],
    [`rediss://u:${SECRET}@h?ssl_certfile=/none/such.pem`],
    [`redis://u:${SECRET}@h`, 6380],
    [`redis://u:${SECRET}@h`, { credentialProvider: () => ({ password: SECRET }) }],
    [`u:${SECRET}@h:1:2:x`],
    [`${SECRET}@h`],
    [`${SECRET}@h`, 6380],
    [`${SECRET}:x`],
    [{ host: `redis://u:${SECRET}@h` }],
    [{ host: `u:${SECRET}@h` }],
    [{ password: { text: SECRET } }],
    [{ password: [SECRET] }],
    [{ password: Buffer.from(SECRET) }],
    [{ password: SECRET, port: SECRET }],
    [{ password: SECRET, encoding: SECRET }],
    [{ password: SECRET, protocol: SECRET }],
    [{ password: SECRET, socketTimeout: SECRET }],
    [{ clientName: `${SECRET} ${SECRET}` }],
    [{ tls: SECRET }],
    [{ tls: { host: SECRET } }],
    [{ url: SECRET }],
    [{ password: SECRET, nope: SECRET }],
  ];
  it.each(wrong.map((args) => [args] as const))(
    "case %# throws DataError without the secret",
    (args) => {
      let caught: unknown;
      try {
        Reflect.apply(resolveOptions, undefined, args);
      } catch (error) {
        caught = error;
      }
      expect(caught).toMatchObject({ name: "DataError" });
      expect(inspect(caught, { depth: 20, showHidden: true })).not.toContain(SECRET);
    },
  );

  it("the error for a number given as password does not contain it", () => {
    const options = { password: 31_415_926 } as unknown as RedisOptions;
    expect(() => normalizeOptions(options)).toThrow("must be a string or null, got a number");
  });
});
