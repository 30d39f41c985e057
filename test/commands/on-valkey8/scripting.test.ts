import { expect, test } from "vitest";
import { b, describeTextAndBytes } from "../../support/command-clients.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();

describeTextAndBytes("SCRIPT SHOW of Valkey 8", server, ({ text, bytes }) => {
  test("returns a script by its SHA1", async () => {
    const sha = await text.scriptLoad("return 1");
    expect(await text.scriptShow(sha)).toBe("return 1");
    expect(await bytes.scriptShow(sha)).toEqual(b("return 1"));
    expect(await errorOf(text.scriptShow("0".repeat(40)))).toMatchObject({ code: "NOSCRIPT" });
  });
});
