/**
 * A server, or Sentinel, that lies: every reply is chosen at random among honest ones, wrong types, nulls,
 * garbage, floods, contradictory addresses, silence and a closed connection. The choice depends on the seed
 * only. The client under test runs in another process.
 */
import { createServer, type Socket } from "node:net";
import { LOOPBACK, listen } from "./ports.js";
import type { Random } from "./random.js";
import { bulk, bulks } from "./resp.js";
import { randomReply } from "./resp-random.js";

/** A listening server; disposing it ends its connections. */
export interface LyingServer extends AsyncDisposable {
  readonly port: number;
}

/** What a lie is made of. */
interface Liar {
  readonly dice: Random;
  /** Ports of all lying servers. */
  readonly ports: () => readonly number[];
}

const MB = 1024 * 1024;
const SERVICE = "mymaster";
const GARBAGE = [
  "HTTP/1.1 400 no\r\n",
  "\0\0\0\0",
  "$-2\r\n",
  "*x\r\n",
  "\x1b[2J",
  "+OK\n",
  "$3\r\nabcd",
];

const REFUSALS = ["-TRYAGAIN no\r\n", "-CLUSTERDOWN no\r\n", "-READONLY no\r\n", "-MOVED\r\n"];

/** A host and port that may be missing, impossible, closed, or those of another liar. */
function place({ dice, ports }: Liar): [host: string, port: string] {
  const host = dice.chance(0.8)
    ? LOOPBACK
    : dice.pick(["", " ", "a b", "::1", "[::1]", "\0", "a".repeat(300)]);
  const open = String(dice.pick(ports()));
  return [host, dice.chance(0.8) ? open : dice.pick(["0", "1", "abc", "99999", "-1", "1e3", ""])];
}

function state(liar: Liar, name: string): string {
  const { dice } = liar;
  const [ip, port] = place(liar);
  const flags = dice.pick([
    "master",
    "slave",
    "sentinel",
    "s_down,master",
    "slave,disconnected",
    "",
    "x",
  ]);
  const fields = {
    name,
    ip,
    port,
    runid: String(dice.int(0, 1e9)),
    flags,
    "num-other-sentinels": "2",
  };
  const words = Object.entries({ ...fields, "config-epoch": String(dice.int(0, 99)) }).flat();
  return dice.chance(0.9) ? bulks(words) : randomReply(dice).toString("latin1");
}

function list(liar: Liar, name: string): string {
  const count = liar.dice.chance(0.05) ? 5000 : liar.dice.int(0, 5);
  return `*${count}\r\n${Array.from({ length: count }, () => state(liar, name)).join("")}`;
}

function event(liar: Liar): string {
  const { dice } = liar;
  const words = [...place(liar), ...place(liar)].join(" ");
  const name = dice.pick([
    "+switch-master",
    "+selected-slave",
    "+promoted-slave",
    "+sentinel",
    "+sdown",
    "-sdown",
  ]);
  const slave = `slave x ${place(liar).join(" ")} @ ${SERVICE} ${place(liar).join(" ")}`;
  return bulks(["message", name, name === "+switch-master" ? `${SERVICE} ${words}` : slave]);
}

/** A node of CLUSTER SLOTS: usually an address that may be used, sometimes not even a list. */
function clusterNode(liar: Liar): string {
  const { dice } = liar;
  if (dice.chance(0.02)) return randomReply(dice).toString("latin1");
  const [host, port] = place(liar);
  const number =
    Number.isInteger(Number(port)) && port !== "" ? `:${Number(port)}\r\n` : bulk(port);
  return `*4\r\n${dice.chance(0.05) ? "$-1\r\n" : bulk(host)}${number}${bulk("id")}*0\r\n`;
}

/** A view of up to all slots in ranges of one size, each with a primary and some replicas. */
function view(liar: Liar): string {
  const { dice } = liar;
  const size = dice.chance(0.05) ? 1 : dice.pick([16_384, 5_462, 1_024]);
  const isHuge = size === 1;
  // Each of thousands of ranges with nodes of its own, or all with the same ones.
  const same = dice.chance(0.5) ? clusterNode(liar) : undefined;
  const nodes = (slot: number): string => {
    if (!isHuge) return clusterNode(liar) + (dice.chance(0.3) ? clusterNode(liar) : "");
    return (
      same ?? `*2\r\n${bulk(`127.1.${slot >> 8}.${slot & 255}`)}:${dice.pick(liar.ports())}\r\n`
    );
  };
  const ranges: string[] = [];
  for (let from = 0; from < 16_384; from += size) {
    const to = Math.min(from + size, dice.chance(0.01) && !isHuge ? 20_000 : 16_384) - 1;
    const some = nodes(from);
    ranges.push(`*${2 + some.split("*4\r\n").length - 1 || 3}\r\n:${from}\r\n:${to}\r\n${some}`);
  }
  return `*${ranges.length}\r\n${ranges.join("")}`;
}

/** A redirect, to a node that may not exist. */
function redirect(liar: Liar): string {
  const { dice } = liar;
  const slot = dice.chance(0.9) ? String(dice.int(0, 16_383)) : dice.pick(["-1", "x", "99999", ""]);
  const [host, port] = dice.chance(0.5) ? place(liar) : [`127.2.0.${dice.int(1, 254)}`, "1"];
  const code = dice.pick(["MOVED", "MOVED", "ASK"]);
  return dice.chance(0.9) ? `-${code} ${slot} ${host}:${port}\r\n` : dice.pick(REFUSALS);
}

/** Fill up to `size` bytes with one text, so that the server spends little time on a flood. */
const repeated = (text: string, size: number): string => text.repeat(Math.ceil(size / text.length));

function flood(liar: Liar): string {
  const { dice } = liar;
  const size = dice.pick([MB / 16, MB, 4 * MB]);
  const unit = dice.pick([
    `${event(liar)}${event(liar)}${event(liar)}`,
    bulks(["message", "news", "x".repeat(20)]),
    `>3\r\n${bulk("message")}${bulk("news")}${bulk("x")}`,
    `*3\r\n${bulk("subscribe")}${bulk("news")}:12\r\n`,
    '+1339518083.1 [0 127.0.0.1:1] "get" "a"\r\n',
    "|1\r\n+a\r\n+b\r\n",
    "*1\r\n",
    ":1\r\n",
    "-ERR no\r\n",
  ]);
  const head = dice.pick([
    "",
    "*100000\r\n",
    "%50000\r\n",
    "*1\r\n*99999\r\n",
    ":",
    "(",
    ",",
    "+",
    "-ERR ",
  ]);
  const isLine = /^[:(,+-]/.test(head);
  return head + repeated(isLine ? dice.pick(["9", "x", "\x1b"]) : unit, size);
}

function honest(liar: Liar, [first = "", second = "", ...rest]: readonly string[]): string {
  const { dice } = liar;
  const name = first.toUpperCase();
  if (name === "SUBSCRIBE" || name === "PSUBSCRIBE" || name === "UNSUBSCRIBE") {
    return [second, ...rest]
      .map(
        (channel, index) => `*3\r\n${bulk(first.toLowerCase())}${bulk(channel)}:${index + 1}\r\n`,
      )
      .join("");
  }
  if (name === "ROLE") return `*3\r\n${bulk(dice.pick(["master", "master", "slave"]))}:0\r\n*0\r\n`;
  if (name === "HELLO") return `%2\r\n${bulk("server")}${bulk("redis")}${bulk("proto")}:3\r\n`;
  if (name === "SENTINEL") return sentinelReply(liar, second.toUpperCase());
  if (name === "CLUSTER") return view(liar);
  if (name === "DBSIZE") return ":1\r\n";
  if (name === "PING") return "+PONG\r\n";
  if (name === "GET") return bulk("value");
  return "+OK\r\n";
}

function sentinelReply(liar: Liar, command: string): string {
  if (command === "MASTER") return state(liar, SERVICE);
  if (command === "GET-MASTER-ADDR-BY-NAME") return bulks(place(liar));
  if (command === "MYID") return bulk(String(liar.dice.int(0, 9)));
  return list(liar, "other");
}

function lie(liar: Liar, words: readonly string[], socket: Socket): void {
  const { dice } = liar;
  const send = (text: string): void => {
    socket.write(text, "latin1");
  };
  if (dice.chance(0.7)) return send(honest(liar, words));
  const choice = dice.int(0, 11);
  if (choice === 0) return void socket.destroy();
  if (choice === 1) return void socket.end(honest(liar, words).slice(0, -3));
  if (choice === 2) return; // silence
  if (choice === 3) return send(dice.pick(GARBAGE));
  if (choice === 4 && socket.writableLength < 8 * MB) return send(flood(liar));
  if (choice === 5) return send(repeated("*1\r\n", dice.pick([400, 600, 6000])));
  if (choice === 6) return send(dice.pick(["*-1\r\n", "$-1\r\n", "_\r\n"]));
  if (choice === 7) return send(honest(liar, words) + event(liar) + event(liar));
  if (choice >= 10) return send(redirect(liar));
  socket.write(randomReply(dice));
}

/** Split complete commands off the start of a text. */
function takeCommands(text: string): { readonly commands: string[][]; readonly rest: string } {
  const commands: string[][] = [];
  let rest = text;
  for (;;) {
    const command = /^\*(\d+)\r\n/.exec(rest);
    let at = command?.[0].length ?? 0;
    const words: string[] = [];
    while (command !== null && words.length < Number(command[1])) {
      const head = /\$(\d+)\r\n/y;
      head.lastIndex = at;
      const length = Number(head.exec(rest)?.[1] ?? Number.NaN);
      const start = head.lastIndex;
      if (Number.isNaN(length) || rest.length < start + length + 2) return { commands, rest };
      words.push(rest.slice(start, start + length));
      at = start + length + 2;
    }
    if (command === null) return { commands, rest };
    commands.push(words);
    rest = rest.slice(at);
  }
}

/** Start a lying server; `ports` are those it may name, its own included. */
export async function lyingServer(
  dice: Random,
  ports: () => readonly number[],
): Promise<LyingServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      const taken = takeCommands(text + chunk.toString("latin1"));
      text = taken.rest;
      for (const words of taken.commands)
        if (!socket.destroyed) lie({ dice, ports }, words, socket);
    });
  });
  const port = await listen(server);
  return {
    port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
