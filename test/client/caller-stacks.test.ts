import { beforeAll, expect, it } from "vitest";
import { startChild } from "../support/child-process.js";
import { freePort } from "../support/ports.js";
import { sharedServer, uniquePrefix } from "../support/server.js";

const server = await sharedServer();

/** Failing calls, as the body of `load(redis, gone, key)`; `key` holds text, `gone` has no server. */
const FAILURES: Record<string, string> = {
  "an error reply": "await redis.incr(key)",
  "an error reply to executeCommand": "await redis.executeCommand('INCR', key)",
  "an error in a transaction": "await redis.pipeline().incr(key).exec()",
  "an error in a batch": "await redis.pipeline({ transaction: false }).incr(key).exec()",
  "an error on a session": "await redis.client().incr(key)",
  "a bad argument": "await redis.set(key, undefined)",
  "a bad argument to executeCommand": "await redis.executeCommand('GET', [], 1)",
  "a bad argument while not connected": "await gone.set(key, null)",
  "a refused command": "await redis.executeCommand('MONITOR')",
  "a blocking command on the wrong type": "await redis.blpop(key, 1)",
  "a server that is away": "await gone.get(key)",
  "a blocking command without a server": "await gone.blpop(key, 1)",
  "a session without a server": "await gone.client().get(key)",
  "a pipeline without a server": "await gone.pipeline().get(key).exec()",
  "a connect() without a server": "await gone.connect()",
  "a time that is up": "await redis.with({ timeout: 20 }).blpop(key + 'none', 0)",
  "an abort": "await redis.with({ signal: AbortSignal.timeout(20) }).blpop(key + 'none', 0)",
  "an abort before the call": "await redis.with({ signal: AbortSignal.abort() }).get(key)",
  "a scan of the wrong type": "for await (const member of redis.sscanIter(key)) return member",
  "a watched transaction": "await redis.transaction(async (watched) => watched.incr(key), key)",
  "a watched transaction whose function fails":
    "await redis.transaction((watched) => watched.multi().incr(key), key)",
  "a command of a watching pipeline": "await (await redis.pipeline().watch(key)).incr(key)",
  "a watching pipeline without a server": "await gone.pipeline().watch(key)",
  "a script": "await redis.registerScript(`return redis.error_reply('MINE')`)()",
  "a script on another client":
    "await redis.registerScript(`return redis.error_reply('MINE')`)({ client: redis.client() })",
  "a script that does not compile": "await redis.registerScript('this is no lua')()",
  "a script in a pipeline":
    "await redis.registerScript(`return redis.error_reply('MINE')`)({ client: redis.pipeline() }).exec()",
  "a script in a pipeline that does not compile":
    "await redis.registerScript('this is no lua')({ client: redis.pipeline() }).exec()",
  "a function of a library that does not compile":
    "await redis.registerLibrary('#!lua name=bad\\nno lua').function('f')()",
  "a lock without a server": "await gone.lock(key).acquire()",
  "a lock that cannot be had": "await redis.lock(key).hold({ blocking: false })",
  "a lock that is not ours any more":
    "const lock = redis.lock(key + 'lock'); await lock.acquire(); await redis.del(key + 'lock'); await lock.release()",
  "a client that is closed":
    "const other = new Redis(args.url); await other.close(); await other.get(key)",
  "one command of many": "await Promise.all([redis.get(key), redis.incr(key)])",
};

const PROGRAM = `
  const { Redis, Retry, NoBackoff } = rediswire;
  const redis = new Redis(args.url);
  const gone = new Redis("127.0.0.1", args.free, { retry: new Retry(new NoBackoff(), 0) });
  const { key } = args;
  await redis.set(key, "text");
  const stacks = {};
  ${Object.entries(FAILURES)
    .map(
      ([name, body]) => `{
        async function loadUser() { ${body}; }
        async function handler() { await loadUser(); }
        await handler().catch((error) => { stacks[${JSON.stringify(name)}] = error.stack; });
      }`,
    )
    .join("\n")}
  console.log("STACKS" + JSON.stringify(stacks));
  redis.disconnect();`;

let stacks: Record<string, string>;

// In a separate process, because the test runner rewrites stacks and users see those of Node.
beforeAll(async () => {
  const args = { url: server.url, free: await freePort(), key: uniquePrefix() };
  const { output } = await (await startChild(PROGRAM, args)).ended();
  const json = output.split("STACKS")[1];
  if (json === undefined) throw new Error(`no stacks:\n${output}`);
  stacks = JSON.parse(json) as Record<string, string>;
});

it.each(Object.keys(FAILURES))(
  "the stack of an error from %s contains the frames of its caller",
  (name) => {
    const stack = stacks[name];
    expect(stack).toMatch(/\n\s+at async loadUser \(.*\n\s+at async handler \(/);
    expect(stack).not.toMatch(/onReply|#onData|JsParser/);
  },
);
