/** MONITOR on the wire: when it starts, how its promises settle, and what ends it. */
import { inspect } from "node:util";
import { expect, it } from "vitest";
import { ConnectionError, InvalidResponse, ResponseError, TimeoutError } from "../../src/index.js";
import { describeProtocols } from "../support/protocols.js";
import { errorOf, kindOf } from "../support/settle.js";
import { deferred, until } from "../support/until.js";
import { clientOf, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";
import { commandsAfterHandshake, mockWithHandshake } from "../support/wire-pubsub.js";

watchEveryTest();

const line = (command: string) => `+1339518083.107412 [0 127.0.0.1:60866] ${command}\r\n`;

describeProtocols("a monitor", (protocol) => {
  it("sends nothing before its first use, and MONITOR once for all waiting callers", async () => {
    const agree = deferred();
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["MONITOR"]);
      await agree.promise;
      peer.send("+OK\r\n", line('"one"'), line('"two" "2"'));
      await peer.expectClose();
    });
    await using redis = clientOf(mock, { protocol });
    const monitor = redis.monitor();
    await waitEventLoopTurns();
    expect(mock.connections).toBe(0);
    const [first, second] = [monitor.nextCommand(), monitor.nextCommand()];
    await until(() => mock.received.some(([name]) => name === "MONITOR"));
    agree.resolve();
    expect([(await first).command, (await second).command]).toEqual(["one", "two 2"]);
    await monitor.start();
    await monitor.close();
    await mock.done();
    expect(commandsAfterHandshake(mock)).toEqual([["MONITOR"]]);
  });

  it("parses lines that arrive in pieces of one byte", async () => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["MONITOR"]);
      await peer.trickle(`+OK\r\n${line('"set" "a] \\"b"')}${line('"get" ""')}`);
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol });
    await using monitor = redis.monitor();
    expect((await monitor.nextCommand()).args.map(String)).toEqual(["set", 'a] "b']);
    expect((await monitor.nextCommand()).args.map(String)).toEqual(["get", ""]);
  });

  it("rejects with the error of the server, and may be started again", async () => {
    await using mock = await mockWithHandshake(
      async (peer) => {
        await peer.expect(["MONITOR"]);
        peer.send("-ERR not now\r\n");
        await peer.expectClose();
      },
      async (peer) => {
        await peer.expect(["MONITOR"]);
        peer.send("+PONG\r\n");
        await peer.expectClose();
      },
      async (peer) => {
        await peer.expect(["MONITOR"]);
        peer.send("+OK\r\n", line('"ok"'));
        await peer.stall();
      },
    );
    await using redis = clientOf(mock, { protocol });
    await using monitor = redis.monitor();
    const refused = await errorOf(monitor.nextCommand());
    expect(refused).toBeInstanceOf(ResponseError);
    expect([refused.message, refused.command]).toEqual(["ERR not now", "MONITOR"]);
    const odd = await errorOf(monitor.nextCommand());
    expect(odd.cause ?? odd).toBeInstanceOf(InvalidResponse);
    expect(String((odd.cause as Error | undefined)?.message ?? odd.message)).toMatch(
      /MONITOR failed/,
    );
    expect((await monitor.nextCommand()).command).toBe("ok");
  });

  it("delivers lines received before a loss, then rejects each waiting caller", async () => {
    await using mock = await mockWithHandshake(
      async (peer) => {
        await peer.expect(["MONITOR"]);
        peer.send("+OK\r\n", line('"last"'));
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["MONITOR"]);
        peer.send("+OK\r\n", line('"again"'));
        await peer.stall();
      },
    );
    await using redis = clientOf(mock, { protocol });
    await using monitor = redis.monitor();
    const last = monitor.nextCommand();
    const [first, second] = [errorOf(monitor.nextCommand()), errorOf(monitor.nextCommand())];
    expect((await last).command).toBe("last");
    const errors = [await first, await second];
    expect(errors.map(kindOf)).toEqual(new Array(2).fill("ConnectionError unknown"));
    expect(errors[0]).not.toBe(errors[1]);
    expect((await monitor.nextCommand()).command).toBe("again");
  });

  it("does not report a start when the connection was lost unnoticed", async () => {
    const cut = deferred();
    await using mock = await mockWithHandshake(
      async (peer) => {
        await peer.expect(["MONITOR"]);
        peer.send("+OK\r\n", line('"unread"'));
        await cut.promise;
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["MONITOR"]);
        peer.send("+OK\r\n", line('"again"'));
        await peer.stall();
      },
    );
    await using redis = clientOf(mock, { protocol });
    await using monitor = redis.monitor();
    await monitor.start();
    cut.resolve();
    await until(() => inspect(redis).includes("leased=0"));
    // Lines received before the loss are delivered.
    expect(kindOf(await errorOf(monitor.start()))).toBe("ConnectionError unknown");
    expect((await monitor.nextCommand()).command).toBe("unread");
    expect(kindOf(await errorOf(monitor.start()))).toBe("ConnectionError unknown");
    await monitor.start();
    expect((await monitor.nextCommand()).command).toBe("again");
  });

  it.each([
    ["a byte that begins nothing", "X"],
    ["a line that is none of MONITOR", "+1339518083.1 [0 1.2.3.4:5 oops\r\n"],
    ["an open quote", line('"open')],
    ["an array", "*1\r\n+x\r\n"],
    ["an error", "-ERR what\r\n"],
  ])("closes its connection after %s", async (_, bytes) => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["MONITOR"]);
      peer.send("+OK\r\n", line('"good"'), bytes, line('"never"'));
      await peer.expectClose();
    });
    await using redis = clientOf(mock, { protocol });
    await using monitor = redis.monitor();
    expect((await monitor.nextCommand()).command).toBe("good");
    const error = await errorOf(monitor.nextCommand());
    expect(error).toBeInstanceOf(ConnectionError);
    await mock.done();
  });

  it("has a deadline for the reply to MONITOR, and none for lines", async () => {
    const late = deferred();
    await using mock = await mockWithHandshake(
      async (peer) => {
        await peer.expect(["MONITOR"]);
        await peer.expectClose();
      },
      async (peer) => {
        await peer.expect(["MONITOR"]);
        peer.send("+OK\r\n");
        await late.promise;
        peer.send(line('"late"'));
        await peer.stall();
      },
    );
    await using redis = clientOf(mock, { protocol, socketTimeout: 300 });
    await using monitor = redis.monitor();
    expect(await errorOf(monitor.start())).toBeInstanceOf(TimeoutError);
    await monitor.start();
    const next = monitor.nextCommand();
    setTimeout(() => late.resolve(), 450);
    expect((await next).command).toBe("late");
  });

  it("ends when it is closed, whatever it waits for", async () => {
    await using mock = await mockWithHandshake(
      async (peer) => {
        await peer.expect(["MONITOR"]);
        await peer.expectClose();
      },
      async (peer) => {
        await peer.expect(["MONITOR"]);
        peer.send("+OK\r\n");
        await peer.expectClose();
      },
    );
    await using redis = clientOf(mock, { protocol });
    const monitor = redis.monitor();
    const starting = errorOf(monitor.start());
    await until(() => mock.received.some(([name]) => name === "MONITOR"));
    await monitor.close();
    expect((await starting).code).toBe("ECLOSED");
    await monitor.start();
    const [waiting, loop] = [errorOf(monitor.nextCommand()), monitor.listen()];
    const next = loop.next();
    await waitEventLoopTurns();
    await monitor.close();
    expect((await waiting).code).toBe("ECLOSED");
    expect(await next).toEqual({ done: true, value: undefined });
    await mock.done();
  });

  it("ends when its client is closed", async () => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["MONITOR"]);
      peer.send("+OK\r\n");
      await peer.expectClose();
    });
    const redis = clientOf(mock, { protocol });
    const monitor = redis.monitor();
    await monitor.start();
    const loop = monitor.listen().next();
    await redis.close();
    expect(await loop).toEqual({ done: true, value: undefined });
    expect((await errorOf(monitor.nextCommand())).code).toBe("ECLOSED");
    await mock.done();
  });
});
