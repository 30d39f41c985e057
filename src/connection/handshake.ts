/**
 * Owns what is said before the first user command: plain lists of commands, sent as one batch. The
 * fallbacks for old servers live here too. Nothing of a credential may reach an error.
 */
import {
  AuthenticationError,
  ConnectionError,
  deriveError,
  RedisError,
  ResponseError,
} from "../errors.js";
import type { Credentials, Settings } from "../options/types.js";
import type { Reply } from "../protocol/reply.js";
import { type InternalCommand, internalCommand } from "./internal-request.js";

/** Sends commands as one batch and gives their replies, errors included. */
export type Converse = (commands: readonly InternalCommand[]) => Promise<Reply[]>;

interface Step {
  readonly command: InternalCommand;
  /** Deals with the step's reply; throws when the connection is of no use. */
  check(reply: Reply): void;
}

function mustBeOk(message: string, ErrorClass: typeof ConnectionError) {
  return (reply: Reply): void => {
    if (reply instanceof RedisError) throw reply;
    if (reply !== "OK") throw new ErrorClass(message, { code: "EHANDSHAKE" });
  };
}

/** Being refused is no matter; any other answer means that replies and commands are out of step. */
function okOrRefused(reply: Reply): void {
  if (reply === "OK" || reply instanceof RedisError) return;
  throw new ConnectionError("Error setting client info", { code: "EHANDSHAKE" });
}

/** A server may repeat what it refuses; a password must not get into an error that way. */
function withoutSecret(error: RedisError, name: string, secret: string): RedisError {
  if (secret === "" || !error.message.includes(secret)) return error;
  return deriveError(error, {
    message: `The server refused ${name}`,
    command: name,
    cause: undefined,
  });
}

function authStep(credentials: Credentials | undefined, passwordOnly: boolean): Step[] {
  if (credentials === undefined) return [];
  const { username, password } = credentials;
  const args = username === undefined || passwordOnly ? [password] : [username, password];
  const mustBeGood = mustBeOk("Invalid Username or Password", AuthenticationError);
  const check = (reply: Reply): void => {
    mustBeGood(reply instanceof RedisError ? withoutSecret(reply, "AUTH", password) : reply);
  };
  return [{ command: internalCommand("AUTH", ...args), check }];
}

function nameStep(settings: Settings): Step[] {
  if (settings.clientName === undefined) return [];
  const command = internalCommand("CLIENT SETNAME", settings.clientName);
  return [{ command, check: mustBeOk("Error setting client name", ConnectionError) }];
}

function infoSteps(settings: Settings): Step[] {
  const facts: [string, string | undefined][] = [
    ["LIB-NAME", settings.libName],
    ["LIB-VER", settings.libVersion],
  ];
  // Servers before 7.2 do not know the command; that is no reason not to work with them.
  return facts.flatMap(([key, value]) =>
    value === undefined
      ? []
      : [{ command: internalCommand("CLIENT SETINFO", key, value), check: okOrRefused }],
  );
}

function selectStep(settings: Settings): Step[] {
  if (settings.db === 0) return [];
  const command = internalCommand("SELECT", settings.db);
  return [{ command, check: mustBeOk("Invalid Database", ConnectionError) }];
}

function helloStep(credentials: Credentials | undefined): Step {
  const auth =
    credentials === undefined
      ? []
      : ["AUTH", credentials.username ?? "default", credentials.password];
  const check = (reply: Reply): void => {
    if (!(reply instanceof RedisError)) return;
    // What leads to the fallback is seen by nobody, and must keep its words.
    if (refusesHello(reply)) throw reply;
    throw withoutSecret(reply, "HELLO", credentials?.password ?? "");
  };
  return { command: internalCommand("HELLO", 3, ...auth), check };
}

async function run(steps: readonly Step[], converse: Converse): Promise<void> {
  if (steps.length === 0) return;
  const replies = await converse(steps.map((step) => step.command));
  steps.forEach((step, index) => {
    step.check(replies[index] ?? null);
  });
}

/** Whether a server too old for HELLO, or unwilling to speak RESP3, refused it. */
function refusesHello(error: unknown): boolean {
  if (!(error instanceof ResponseError)) return false;
  return error.code === "NOPROTO" || /unknown command|syntax error/i.test(error.message);
}

/** Whether a server before ACLs refused AUTH with a user name. */
function refusesUsername(error: unknown): boolean {
  return error instanceof RedisError && error.name === "AuthenticationWrongNumberOfArgsError";
}

async function resp2(settings: Settings, credentials: Credentials | undefined, converse: Converse) {
  const rest = [...nameStep(settings), ...infoSteps(settings), ...selectStep(settings)];
  try {
    await run([...authStep(credentials, false), ...rest], converse);
  } catch (error) {
    if (credentials?.username === undefined || !refusesUsername(error)) throw error;
    await run([...authStep(credentials, true), ...rest], converse);
  }
}

/**
 * Prepare a fresh connection: protocol, credentials, name, database.
 *
 * @returns The protocol agreed on.
 * @throws RedisError when the server refuses a step; the connection must be closed then.
 */
export async function shakeHands(
  settings: Settings,
  credentials: Credentials | undefined,
  converse: Converse,
): Promise<2 | 3> {
  if (settings.protocol === 3) {
    const rest = [...nameStep(settings), ...infoSteps(settings), ...selectStep(settings)];
    try {
      await run([helloStep(credentials), ...rest], converse);
      return 3;
    } catch (error) {
      if (!refusesHello(error)) throw error;
    }
  }
  await resp2(settings, credentials, converse);
  return 2;
}
