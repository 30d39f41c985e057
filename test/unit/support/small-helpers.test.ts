import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ensureProgram } from "../../support/install.js";
import { watchLeaks } from "../../support/leaks.js";
import { listen } from "../../support/ports.js";
import { decode, encodeCommand, ServerError, toText } from "../../support/resp.js";
import { deferred, until } from "../../support/until.js";

describe("helper until()", () => {
  it("polls until the condition is truthy, and returns its value", async () => {
    let checks = 0;
    expect(await until(() => (++checks === 3 ? "there" : ""), { interval: 1 })).toBe("there");
    expect(checks).toBe(3);
  });

  it("rejects with the message evaluated at the timeout", async () => {
    let checks = 0;
    const message = () => `checked ${checks > 1 ? "repeatedly" : "once"}`;
    const waiting = until(() => void checks++, { timeout: 20, interval: 1, message });
    await expect(waiting).rejects.toThrow("waited 20 ms: checked repeatedly");
  });

  it("rejects with the error of the condition", async () => {
    await expect(until(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  });
});

describe("helper deferred()", () => {
  it("is settled by resolve() and reject()", async () => {
    const good = deferred<number>();
    good.resolve(1);
    expect(await good.promise).toBe(1);
    const bad = deferred();
    bad.reject(new Error("no"));
    await expect(bad.promise).rejects.toThrow("no");
  });
});

describe("RESP helpers of the test support", () => {
  const wire = Buffer.from("*5\r\n$2\r\né\r\n:-7\r\n-ERR no\r\n*-1\r\n*1\r\n$-1\r\n");

  it("decode() returns nested replies, and undefined before they are complete", () => {
    for (let cut = 0; cut < wire.length; cut++) {
      expect(decode(wire.subarray(0, cut))).toBeUndefined();
    }
    const { value, next } = decode(wire) ?? { value: null, next: 0 };
    expect(next).toBe(wire.length);
    expect(toText(value)).toEqual(["é", -7, new ServerError("ERR no"), null, [null]]);
  });

  it("encodeCommand() counts bytes, not characters", () => {
    const command = encodeCommand(["SET", "é", Buffer.from([255]), 12]);
    expect(command.toString("latin1")).toBe(
      "*4\r\n$3\r\nSET\r\n$2\r\n\u00c3\u00a9\r\n$1\r\n\u00ff\r\n$2\r\n12\r\n",
    );
  });

  it.each(["?x\r\n", "PING", ":1x\r\n", "$1\r\nabc"])("decode() throws for %j", (text) => {
    expect(() => decode(Buffer.from(text))).toThrow();
  });
});

describe("watchLeaks()", () => {
  it("reports an unref'ed socket, a server and a timer, with the place of their creation", async () => {
    const leaks = watchLeaks();
    const server = createServer().unref();
    const port = await listen(server);
    const socket = connect(port).unref();
    const timer = setTimeout(() => undefined, 60_000).unref();
    await expect(leaks.assertNone({ timeout: 50 })).rejects.toThrow(
      /still open:[\s\S]*TCPSERVERWRAP[\s\S]*TCPWRAP[\s\S]*small-helpers[\s\S]*Timeout/,
    );
    clearTimeout(timer);
    socket.destroy();
    server.close();
  });

  it("passes when all resources are closed, including timers that have ended", async () => {
    const leaks = watchLeaks();
    const server = createServer((socket) => socket.end()).unref();
    const socket = connect(await listen(server)).resume();
    await new Promise((resolve) => socket.once("close", resolve));
    await new Promise((resolve) => setTimeout(resolve, 1));
    clearTimeout(setTimeout(() => undefined, 60_000));
    expect(leaks.open()).not.toEqual([]);
    server.close();
    await leaks.assertNone();
    expect(leaks.open()).toEqual([]);
  });

  it("can be limited to one folder", async () => {
    const leaks = watchLeaks("/src/");
    const timer = setTimeout(() => undefined, 60_000);
    await leaks.assertNone();
    clearTimeout(timer);
  });
});

describe("ensureProgram()", () => {
  let folder = "";

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rediswire-install-"));
    vi.stubEnv("PATH", folder);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  /** A fake apt-get that records its arguments and environment, then runs a shell command on install. */
  async function fakeApt(onInstall: string): Promise<void> {
    const script = `#!/bin/sh
      echo "$RUNLEVEL $DEBIAN_FRONTEND $*" >> ${folder}/calls
      for arg; do [ "$arg" = install ] && { ${onInstall}; }; done; exit 0`;
    await writeFile(join(folder, "apt-get"), script);
    await chmod(join(folder, "apt-get"), 0o755);
  }

  it("returns the path of an existing program", async () => {
    await writeFile(join(folder, "tool"), "");
    await chmod(join(folder, "tool"), 0o755);
    expect(await ensureProgram("tool", "tool-package")).toBe(join(folder, "tool"));
  });

  it("installs once for concurrent calls, without starting the service", async () => {
    vi.spyOn(process, "getuid").mockReturnValue(0);
    await fakeApt(`echo > ${folder}/tool; /bin/chmod +x ${folder}/tool`);
    const paths = await Promise.all([1, 2].map(() => ensureProgram("tool", "tool-package")));
    expect(paths).toEqual([join(folder, "tool"), join(folder, "tool")]);
    const calls = (await readFile(join(folder, "calls"), "utf8")).trim().split("\n");
    expect(calls).toEqual([
      expect.stringMatching(/^1 noninteractive .*update$/),
      expect.stringMatching(/^1 noninteractive .*install -y .*tool-package$/),
    ]);
  });

  it("reports a package without the program, and releases the lock", async () => {
    vi.spyOn(process, "getuid").mockReturnValue(0);
    await fakeApt("exit 1");
    const attempt = () => ensureProgram("tool", "tool-package");
    await expect(attempt()).rejects.toThrow("could not install Debian's package tool-package");
    await fakeApt("true");
    await expect(attempt()).rejects.toThrow("package tool-package does not contain tool");
  });

  it("reports the missing package when it may not install", async () => {
    vi.spyOn(process, "getuid").mockReturnValue(1000);
    await fakeApt("true");
    await expect(ensureProgram("tool-x", "tool-package")).rejects.toThrow(
      /tool-x is needed.*apt-get install tool-package/,
    );
  });
});
