import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, expectTypeOf, test } from "vitest";
import {
  type AclUser,
  AuthenticationError,
  NoPermissionError,
  ResponseError,
} from "../../../src/index.js";
import { b, describeTextAndBytes } from "../../support/command-clients.js";
import { startServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await startServer();

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

const patternsOf = (user: AclUser | null) => ({
  keys: user?.keys ?? [],
  channels: user?.channels ?? [],
});

describeTextAndBytes("ACL users", server, ({ text, bytes, both }) => {
  beforeEach(() => server.command("ACL", "DELUSER", "alice"));

  test("ACL SETUSER creates a user that ACL GETUSER, LIST and USERS describe and DELUSER deletes", async () => {
    for (const redis of both) {
      expect(await redis.aclGetuser("alice")).toBe(null);
      expect(await redis.aclSetuser("alice")).toBe(true);
      expect(await redis.aclGetuser("alice")).toMatchObject({
        flags: expect.arrayContaining(["off"]),
        enabled: false,
        passwords: [],
        commands: [],
        categories: ["-@all"],
        keys: [],
        channels: [],
        selectors: [],
      });
      expect((await redis.aclUsers()).toSorted()).toEqual(["alice", "default"]);
      expect(await redis.aclDeluser("alice", ["missing"])).toBe(1);
      expect(await redis.aclUsers()).toEqual(["default"]);
    }
    expectTypeOf(bytes.aclGetuser).returns.resolves.toEqualTypeOf<AclUser | null>();
  });

  test("ACL SETUSER sends rules for commands, keys and channels", async () => {
    for (const redis of both) {
      const made = await redis.aclSetuser("alice", {
        enabled: true,
        reset: true,
        passwords: ["+one", "+two"],
        hashedPasswords: `+${sha256("three")}`,
        categories: ["+read"],
        commands: ["+set", "-mget"],
        keys: ["cache:*", "%R~public:*"],
        channels: "news:*",
        selectors: [["+set", "%W~app*"]],
      });
      expect(made).toBe(true);
      const user = await redis.aclGetuser("alice");
      expect(user).toMatchObject({ enabled: true, flags: expect.arrayContaining(["on"]) });
      expect(user?.passwords.toSorted()).toEqual(["one", "two", "three"].map(sha256).toSorted());
      // Redis 7.0 returns them in a different order.
      expect(user?.commands.toSorted()).toEqual(["+set", "-mget"]);
      expect(user).toMatchObject({
        categories: ["-@all", "+@read"],
        keys: ["~cache:*", "%R~public:*"],
        channels: ["&news:*"],
        selectors: [{ commands: ["+set"], categories: ["-@all"], keys: ["%W~app*"], channels: [] }],
      });
      expect(await redis.aclDryrun("alice", "KEYS", "cache:*")).toBe(true);
      await redis.aclSetuser("alice", { categories: ["-dangerous"] });
      expect(await redis.aclDryrun("alice", "KEYS", "cache:*")).toMatch(/'keys' command/);
      const [line] = (await redis.aclList()).filter((each) => each.startsWith("user alice "));
      expect(line).toContain("%R~public:*");
      await redis.aclDeluser("alice");
    }
  });

  test("ACL SETUSER accepts the reply of ACL GETUSER and recreates the same user", async () => {
    for (const redis of both) {
      await redis.aclSetuser("alice", {
        reset: true,
        enabled: true,
        passwords: ["+one", "+two"],
        categories: ["+read"],
        commands: ["+set"],
        keys: ["a*", "%R~public:*", "~~home"],
        channels: ["news:*", "&&and"],
        selectors: [["+set", "%W~app*", "&c"]],
      });
      const user = await redis.aclGetuser("alice");
      if (user === null) throw new Error("no user");
      expect(user.keys).toEqual(["~a*", "%R~public:*", "~~home"]);
      expect(user.channels).toEqual(["&news:*", "&&and"]);
      const { enabled, passwords, categories, commands, keys, channels } = user;
      await redis.aclSetuser("alice", {
        reset: true,
        enabled,
        hashedPasswords: passwords.map((hash) => `+${hash}`),
        categories,
        commands,
        keys,
        channels,
        selectors: user.selectors.map((each) => [
          ...each.categories,
          ...each.commands,
          ...each.keys,
          ...each.channels,
        ]),
      });
      expect(await redis.aclGetuser("alice")).toEqual(user);
      await redis.aclSetuser("alice", { reset: true, keys: "*", channels: "*" });
      const open = await redis.aclGetuser("alice");
      await redis.aclSetuser("alice", { reset: true, ...patternsOf(open) });
      expect(await redis.aclGetuser("alice")).toEqual(open);
      await redis.aclDeluser("alice");
    }
  });

  test("ACL SETUSER keeps the rules that an option does not name", async () => {
    for (const redis of both) {
      await redis.aclSetuser("alice", { enabled: true, noPass: true, keys: "a", channels: "c" });
      await redis.aclSetuser("alice", { keys: ["b"] });
      expect(await redis.aclGetuser("alice")).toMatchObject({ enabled: true, keys: ["~a", "~b"] });
      await redis.aclSetuser("alice", { resetKeys: true, resetChannels: true, keys: "d" });
      expect(await redis.aclGetuser("alice")).toMatchObject({ keys: ["~d"], channels: [] });
      await redis.aclSetuser("alice", { resetPasswords: true, passwords: "+x", enabled: false });
      const user = await redis.aclGetuser("alice");
      expect(user).toMatchObject({ enabled: false, passwords: [sha256("x")] });
      expect(user?.flags).not.toContain("nopass");
      await redis.aclDeluser("alice");
    }
  });

  test("user names and key patterns may be bytes that are not UTF-8", async () => {
    for (const redis of both) {
      await redis.aclSetuser("odd", { keys: b("\xff*") });
      expect(await redis.aclGetuser("odd")).toMatchObject({ keys: ["~\\xff*"] });
      await redis.aclDeluser(b("odd"));
    }
  });

  test("ACL DRYRUN reports what the rules of a user allow", async () => {
    for (const redis of both) {
      await redis.aclSetuser("alice", { commands: "+get", keys: "a*" });
      expect(await redis.aclDryrun("alice", "GET", "apple")).toBe(true);
      expect(await redis.aclDryrun("alice", "GET", "pear")).toMatch(/key/);
      expect(await redis.aclDryrun("alice", "SET", "apple", 1)).toMatch(/'set' command/);
      await expect(redis.aclDryrun("missing", "PING")).rejects.toThrow(ResponseError);
      await redis.aclDeluser("alice");
    }
  });

  test("a user logs in, and ACL LOG lists the commands the rules reject", async () => {
    for (const redis of both) {
      await redis.aclSetuser("alice", {
        enabled: true,
        passwords: "+secret",
        commands: ["+get", "+ping", "+client|info", "+acl|whoami"],
        keys: "a*",
      });
      expect(await redis.aclLogReset()).toBe(true);
      expect(await redis.aclLog()).toEqual([]);
      await using session = text.client();
      expect(await session.auth("secret", { username: "alice" })).toBe(true);
      expect(await session.aclWhoami()).toBe("alice");
      const { id } = await session.clientInfo();
      expect(await errorOf(session.set("a", 1))).toBeInstanceOf(NoPermissionError);
      expect(await errorOf(session.get(b("\xff")))).toBeInstanceOf(NoPermissionError);
      const denied = await errorOf(session.auth("hunter2", { username: "alice" }));
      expect(denied).toBeInstanceOf(AuthenticationError);
      expect(`${denied.message}${denied.stack}`).not.toContain("hunter2");

      const log = await redis.aclLog();
      expect(log).toMatchObject([
        { reason: "auth", object: "AUTH", username: "alice", count: 1, context: "toplevel" },
        { reason: "key", object: "\\xff", username: "alice", clientInfo: { id, cmd: "get" } },
        { reason: "command", object: "set", clientInfo: { id, user: "alice", cmd: "set" } },
      ]);
      for (const { ageSeconds } of log) {
        expect(ageSeconds).toBeGreaterThanOrEqual(0);
        expect(ageSeconds).toBeLessThan(10);
      }
      expect(await redis.aclLog(1)).toHaveLength(1);
      await redis.aclDeluser("alice");
    }
  });

  test("AUTH on client() is undone when the connection goes back to the pool", async () => {
    for (const redis of both) {
      await redis.aclSetuser("alice", { enabled: true, noPass: true, categories: "+all" });
      const session = redis.client();
      expect(await session.auth("any", { username: "alice" })).toBe(true);
      expect(await session.aclWhoami()).toBe("alice");
      await session.close();
      await using next = redis.client();
      expect(await next.aclWhoami()).toBe("default");
      expect(await redis.aclWhoami()).toBe("default");
      await redis.aclDeluser("alice");
    }
  });

  test("HELLO with AUTH logs a user in", async () => {
    await text.aclSetuser("alice", { enabled: true, passwords: "+secret", categories: "+all" });
    for (const redis of both) {
      await using session = redis.client();
      await session.hello(2, { auth: ["alice", "secret"], setName: "renamed" });
      expect(await session.clientInfo()).toMatchObject({ user: "alice", name: "renamed", resp: 2 });
    }
    await text.aclDeluser("alice");
  });

  test("ACL CAT, GENPASS and HELP return categories, passwords and help", async () => {
    for (const redis of both) {
      expect(await redis.aclCat()).toEqual(expect.arrayContaining(["read", "write", "keyspace"]));
      expect(await redis.aclCat("hyperloglog")).toEqual(expect.arrayContaining(["pfadd"]));
      await expect(redis.aclCat("none-such")).rejects.toThrow(ResponseError);
      expect(await redis.aclGenpass()).toMatch(/^[0-9a-f]{64}$/);
      expect(await redis.aclGenpass(5)).toMatch(/^[0-9a-f]{2}$/);
      expect(await redis.aclHelp()).toContain("WHOAMI");
    }
  });
});

const folder = await mkdtemp(join(tmpdir(), "rediswire-"));
const file = join(folder, "users.acl");
await writeFile(file, "user default on nopass ~* &* +@all\n");
const filed = await startServer({ config: { aclfile: file } });
afterAll(async () => {
  await filed.stop();
  await rm(folder, { recursive: true });
});

describeTextAndBytes("ACL users in a file", filed, ({ both }) => {
  test("ACL SAVE and ACL LOAD write and read the file", async () => {
    for (const redis of both) {
      await redis.aclSetuser("alice", { keys: "kept" });
      expect(await redis.aclSave()).toBe(true);
      await redis.aclSetuser("alice", { keys: "forgotten" });
      await redis.aclSetuser("bob");
      expect(await redis.aclLoad()).toBe(true);
      expect(await redis.aclGetuser("alice")).toMatchObject({ keys: ["~kept"] });
      expect(await redis.aclGetuser("bob")).toBe(null);
      await redis.aclDeluser("alice");
      await redis.aclSave();
      expect(await readFile(file, "latin1")).not.toContain("alice");
    }
  });
});
