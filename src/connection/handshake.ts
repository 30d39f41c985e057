/**
 * The handshake of a connection: HELLO or AUTH, CLIENT SETNAME, CLIENT SETINFO and SELECT, sent as one
 * batch, with fallbacks for old servers. No part of a credential may reach an error.
 */

import {
  AuthenticationError,
  ConnectionError,
  deriveError,
  RedisError,
  ResponseError,
} from "../errors.js";
import type { Credentials, Settings } from "../options/types.js";
import { mayContain } from "../protocol/error-text.js";
import { MapReply, type Reply } from "../protocol/reply.js";
import { UNAVAILABLE_CODES } from "./errors.js";
import { type InternalCommand, internalCommand } from "./internal-request.js";

/** Sends commands as one batch; returns their replies, error replies as error objects. */
export type SendBatch = (commands: readonly InternalCommand[]) => Promise<Reply[]>;

interface Step {
  readonly command: InternalCommand;
  /** Validate the reply; throws when the connection cannot be used. */
  check(reply: Reply): void;
}

function mustBeOk(message: string, ErrorClass: typeof ConnectionError) {
  return (reply: Reply): void => {
    if (reply instanceof RedisError) throw reply;
    if (reply !== "OK") throw new ErrorClass(message, { code: "EHANDSHAKE" });
  };
}

/** Accept OK or any error; another reply means that it belongs to another command. */
function okOrError(reply: Reply): void {
  if (reply === "OK" || reply instanceof RedisError) return;
  throw new ConnectionError("Error setting client info", { code: "EHANDSHAKE" });
}

/** Servers may repeat a rejected argument: remove a password from the error. */
function withoutSecret(error: RedisError, name: string, secret: string): RedisError {
  if (secret === "" || !mayContain(error.message, secret)) return error;
  return deriveError(error, {
    message: `The server rejected ${name}`,
    command: name,
    cause: undefined,
  });
}

function authStep(credentials: Credentials | undefined, passwordOnly: boolean): Step[] {
  if (credentials === undefined) return [];
  const { username, password } = credentials;
  const args = username === undefined || passwordOnly ? [password] : [username, password];
  const mustBeAccepted = mustBeOk("Invalid Username or Password", AuthenticationError);
  const check = (reply: Reply): void => {
    mustBeAccepted(reply instanceof RedisError ? withoutSecret(reply, "AUTH", password) : reply);
  };
  return [{ command: internalCommand("AUTH", ...args), check }];
}

function nameStep(settings: Settings): Step[] {
  if (settings.clientName === undefined) return [];
  const command = internalCommand("CLIENT SETNAME", settings.clientName);
  return [{ command, check: mustBeOk("Error setting client name", ConnectionError) }];
}

function infoSteps(settings: Settings): Step[] {
  const attributes: [string, string | undefined][] = [
    ["LIB-NAME", settings.libName],
    ["LIB-VER", settings.libVersion],
  ];
  // Servers before 7.2 do not support the command and are used without it.
  return attributes.flatMap(([key, value]) =>
    value === undefined
      ? []
      : [{ command: internalCommand("CLIENT SETINFO", key, value), check: okOrError }],
  );
}

function selectStep(settings: Settings): Step[] {
  if (settings.db === 0) return [];
  const command = internalCommand("SELECT", settings.db);
  return [{ command, check: mustBeOk("Invalid Database", ConnectionError) }];
}

/** Check that the server executes commands: while it loads its data it accepts the other steps. */
function availabilityStep({ retryLoading }: Settings): Step[] {
  if (!retryLoading) return [];
  const check = (reply: Reply): void => {
    // The user may have no right to PING.
    if (reply instanceof RedisError && UNAVAILABLE_CODES.has(reply.code)) throw reply;
  };
  return [{ command: internalCommand("PING"), check }];
}

function commonSteps(settings: Settings): Step[] {
  return [...nameStep(settings), ...infoSteps(settings), ...selectStep(settings)];
}

const TRACKING_OFF = internalCommand("CLIENT TRACKING", "OFF");

/**
 * Check that the server reports changes: shared connections ask for that later, when commands are sent on them, and
 * other connections must not get the reports.
 */
function trackingSteps({ cache }: Settings): Step[] {
  if (cache === undefined) return [];
  const check = (reply: Reply): void => {
    if (!(reply instanceof RedisError)) return;
    throw withoutTracking(`CLIENT TRACKING was refused: ${reply.message}`, reply);
  };
  const command = internalCommand("CLIENT TRACKING", ...cache.tracking);
  return [
    { command, check },
    { command: TRACKING_OFF, check },
  ];
}

function withoutTracking(reason: string, cause?: RedisError): ConnectionError {
  const message = `option "cache" needs Redis 7 or later, or Valkey: ${reason}`;
  return new ConnectionError(message, { code: "ETRACKING", cause });
}

/** Redis 6 puts reports of changes inside of replies. */
function checkVersion(hello: Reply): void {
  const items = hello instanceof MapReply ? hello.items : [];
  const at = items.findIndex((item) => String(item) === "version");
  const version = String(items[at + 1]);
  if (at >= 0 && Number.parseInt(version, 10) < 7)
    throw withoutTracking(`the server is ${version}`);
}

function helloStep(credentials: Credentials | undefined, isCached: boolean): Step {
  const auth =
    credentials === undefined
      ? []
      : ["AUTH", credentials.username ?? "default", credentials.password];
  const check = (reply: Reply): void => {
    if (!(reply instanceof RedisError)) return isCached ? checkVersion(reply) : undefined;
    // Leads to the fallback, which needs the original text; callers never see it.
    if (refusesHello(reply)) throw reply;
    throw withoutSecret(reply, "HELLO", credentials?.password ?? "");
  };
  return { command: internalCommand("HELLO", 3, ...auth), check };
}

async function runSteps(steps: readonly Step[], send: SendBatch): Promise<void> {
  if (steps.length === 0) return;
  const replies = await send(steps.map((step) => step.command));
  steps.forEach((step, index) => {
    step.check(replies[index] ?? null);
  });
}

/** Return whether HELLO failed because the server has no HELLO or no RESP3. */
function refusesHello(error: unknown): boolean {
  if (!(error instanceof ResponseError)) return false;
  return error.code === "NOPROTO" || /unknown command|syntax error/i.test(error.message);
}

/** Return whether AUTH failed because the server has no ACL users (before Redis 6). */
function refusesUsername(error: unknown): boolean {
  return error instanceof RedisError && error.name === "AuthenticationWrongNumberOfArgsError";
}

async function handshakeResp2(
  settings: Settings,
  credentials: Credentials | undefined,
  send: SendBatch,
): Promise<void> {
  const rest = [...commonSteps(settings), ...availabilityStep(settings)];
  try {
    await runSteps([...authStep(credentials, false), ...rest], send);
  } catch (error) {
    if (credentials?.username === undefined || !refusesUsername(error)) throw error;
    await runSteps([...authStep(credentials, true), ...rest], send);
  }
}

/**
 * Prepare a new connection: protocol, credentials, client name, database.
 *
 * @param send - Sends commands on the connection.
 * @returns The protocol agreed on: 3 unless the settings or the server require 2.
 * @throws RedisError when the server rejects a step; the connection must be closed then.
 */
export async function shakeHands(
  settings: Settings,
  credentials: Credentials | undefined,
  send: SendBatch,
): Promise<2 | 3> {
  if (settings.protocol === 3) {
    const isCached = settings.cache !== undefined;
    const first = [helloStep(credentials, isCached), ...commonSteps(settings)];
    const steps = [...first, ...trackingSteps(settings), ...availabilityStep(settings)];
    try {
      await runSteps(steps, send);
      return 3;
    } catch (error) {
      if (!refusesHello(error)) throw error;
      if (isCached) throw withoutTracking("the server has no RESP3");
    }
  }
  await handshakeResp2(settings, credentials, send);
  return 2;
}
