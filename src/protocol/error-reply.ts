/**
 * The table from codes of error replies to error classes, and the conversion of a reply. Pure. Arguments that
 * servers repeat in an error are removed from its text.
 */
import {
  AskError,
  AuthenticationError,
  AuthenticationWrongNumberOfArgsError,
  BusyLoadingError,
  ClusterCrossSlotError,
  ClusterDownError,
  ConnectionError,
  ExecAbortError,
  MasterDownError,
  ModuleError,
  MovedError,
  NoPermissionError,
  NoScriptError,
  ReadOnlyError,
  type RedisError,
  type RedisErrorClass,
  ResponseError,
  TryAgainError,
} from "../errors.js";

const CLASS_BY_CODE: ReadonlyMap<string, RedisErrorClass> = new Map<string, RedisErrorClass>([
  ["EXECABORT", ExecAbortError],
  ["LOADING", BusyLoadingError],
  ["NOSCRIPT", NoScriptError],
  ["READONLY", ReadOnlyError],
  ["NOAUTH", AuthenticationError],
  ["WRONGPASS", AuthenticationError],
  ["NOPERM", NoPermissionError],
  ["MOVED", MovedError],
  ["ASK", AskError],
  ["TRYAGAIN", TryAgainError],
  ["CROSSSLOT", ClusterCrossSlotError],
  ["CLUSTERDOWN", ClusterDownError],
  ["MASTERDOWN", MasterDownError],
]);

const MODULE_LOAD_TEXT = "Error loading the extension. Please check the server logs.";

const CLASS_BY_ERR_TEXT: ReadonlyMap<string, RedisErrorClass> = new Map<string, RedisErrorClass>([
  ["max number of clients reached", ConnectionError],
  ["invalid password", AuthenticationError],
  ["wrong number of arguments for 'auth' command", AuthenticationWrongNumberOfArgsError],
  ["wrong number of arguments for 'AUTH' command", AuthenticationWrongNumberOfArgsError],
  [MODULE_LOAD_TEXT, ModuleError],
  ["Error unloading module: no such module with that name", ModuleError],
  ["Error unloading module: operation not possible.", ModuleError],
  [
    "Error unloading module: the module exports one or more module-side data types, can't unload",
    ModuleError,
  ],
]);

/** AUTH is refused because the server has no password. */
const NO_PASSWORD =
  /^ERR (?:AUTH <password> called without any password|Client sent AUTH, but no )/;

/** The arguments that servers append to the name of an unknown command. */
const ECHOED_ARGUMENTS = /, with args beginning with:.*$/s;
/** ACL rules that servers repeat, except permissions: they may contain a password. */
const ECHOED_ACL_RULE =
  /(?<=^ERR (?:Error in ACL SETUSER modifier|Unmatched parenthesis in acl selector starting at) ')(?![+\-~%&]).*(?=')/s;
const REPLY_CODE = /^[A-Z][A-Z0-9_]*(?= |$)/;

function withoutArguments(text: string): string {
  return text.replace(ECHOED_ARGUMENTS, "").replace(ECHOED_ACL_RULE, "[hidden]");
}

/**
 * Convert the text of a server's error reply into the matching error.
 *
 * @param text - The reply without its leading `-` and line end.
 * @returns An error whose message is the whole text, including the code, without arguments that the server
 * repeats. Its `code` is the code of the reply, or `ERR` when the reply has none.
 */
export function errorFromReply(text: string): RedisError {
  const code = REPLY_CODE.exec(text)?.[0] ?? "ERR";
  const byCode = CLASS_BY_CODE.get(code);
  if (byCode !== undefined) return new byCode(text, { code });
  if (code !== "ERR") return new ResponseError(text, { code });
  if (NO_PASSWORD.test(text)) return new AuthenticationError(text, { code });
  const byText = text.startsWith("ERR ") ? CLASS_BY_ERR_TEXT.get(text.slice(4)) : undefined;
  return new (byText ?? ResponseError)(withoutArguments(text), { code });
}
