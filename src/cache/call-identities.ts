/**
 * Identifies calls that may be answered from the cache. Two calls have the same identity only if the same bytes would
 * be sent for them and their replies would be built in the same way.
 */
import { isPromise, isUint8Array } from "node:util/types";
import type { Arg, CommandInfo, Key } from "../commands/core/info.js";
import { commandKeys } from "../commands/core/key-route.js";
import { COMMANDS } from "../commands/generated/registry.js";
import { DataError } from "../errors.js";
import type { CommandRequest } from "../execution/command-request.js";
import type { CacheFilter, CacheSettings } from "../options/cache.js";
import type { EncoderOptions } from "../protocol/encoder.js";
import type { ReplyMode } from "../protocol/reply.js";
import { copyOf } from "../util/bytes.js";
import { faultText } from "../util/guarded.js";
import { kindOf } from "../util/validate.js";
import type { CallIdentity } from "./key-index.js";
import { KeyText } from "./key-text.js";
import { type CacheRule, readsOtherKeys, ruleOf } from "./rules.js";

/** Identifies the calls of one client. */
export class CallIdentities {
  readonly #text: KeyText;
  readonly #filter: CacheSettings["cacheable"];
  readonly #prefixes: readonly string[];
  readonly #rules = new WeakMap<CommandInfo, CacheRule | null>();
  #lastInfo: CommandInfo | undefined = undefined;
  #lastRule: CacheRule | null = null;

  constructor({ cacheable, prefixes }: CacheSettings, encoding: EncoderOptions) {
    this.#text = new KeyText(encoding);
    this.#filter = cacheable;
    this.#prefixes = prefixes.map((prefix) => this.#text.of(prefix) ?? "");
  }

  /** Return the identity of a call; `undefined` when its reply is never kept. */
  of(info: CommandInfo, args: readonly Arg[], mode: ReplyMode): CallIdentity | undefined {
    const rule = this.#ruleOf(info);
    if (rule === null || (rule.changing && this.#filter === undefined)) return undefined;
    const { route } = info;
    const start = rule.ids[mode];
    // Replies that show errors in their places belong to transactions.
    if (start === undefined) return undefined;
    if (route !== 0 || args.length !== 1) return this.#ofSeveral(info, args, start);
    const key = this.#text.of(args[0]);
    return key === undefined || !this.#isReported(key) ? undefined : { keys: [key], id: start };
  }

  /**
   * Whether the reply of a call with an identity is kept, by the rules and the caller's function.
   *
   * @throws DataError when that function throws, or returns something else.
   */
  allows({ info, args }: FilteredCall): boolean {
    const rule = this.#ruleOf(info) as CacheRule;
    const standard = !rule.changing && !readsOtherKeys(rule, args);
    if (this.#filter === undefined) return standard;
    // Copies: what the function does to bytes must not change what is sent.
    const keys = commandKeys(info, args).map((key) => (isUint8Array(key) ? copyOf(key) : key));
    const answer = this.#ask(this.#filter, info.name, keys) ?? standard;
    if (typeof answer === "boolean") return answer;
    // A promise would count as true.
    if (isPromise(answer)) (answer as Promise<unknown>).catch(() => {});
    const expected = `must return a boolean or undefined, got ${kindOf(answer)}`;
    throw unusable(info.name, expected);
  }

  #ask(filter: CacheFilter, command: string, keys: readonly Key[]): unknown {
    try {
      return filter(command, keys);
    } catch (cause) {
      throw unusable(command, `failed: ${faultText(cause)}`, cause);
    }
  }

  #ruleOf(info: CommandInfo): CacheRule | null {
    // Faster than the lookup: programs repeat the same command.
    if (info === this.#lastInfo) return this.#lastRule;
    this.#lastRule = this.#knownRule(info);
    this.#lastInfo = info;
    return this.#lastRule;
  }

  #knownRule(info: CommandInfo): CacheRule | null {
    const known = this.#rules.get(info);
    if (known !== undefined) return known;
    // Of a command that is not in the table, the properties are a guess.
    const rule = COMMANDS.get(info.name) === info ? ruleOf(info) : null;
    this.#rules.set(info, rule);
    return rule;
  }

  #ofSeveral(info: CommandInfo, args: readonly Arg[], start: string): CallIdentity | undefined {
    const keys: string[] = [];
    for (const key of commandKeys(info, args)) {
      const text = this.#text.of(key);
      if (text === undefined || !this.#isReported(text)) return undefined;
      keys.push(text);
    }
    let id = start;
    for (const arg of args) {
      const text = this.#text.of(arg);
      if (text === undefined) return undefined;
      // With the length no two lists of arguments give the same text.
      id += `${text.length}:${text}`;
    }
    return keys.length === 0 ? undefined : { keys, id };
  }

  /** Whether the server reports changes of a key. */
  #isReported(key: string): boolean {
    return this.#prefixes.length === 0 || this.#prefixes.some((prefix) => key.startsWith(prefix));
  }
}

function unusable(command: string, reason: string, cause?: unknown): DataError {
  const message = `option "cacheable" of option "cache" ${reason}`;
  return new DataError(message, { command, outcome: "not-sent", cause });
}

/** The parts of a call that decide whether its reply is kept. */
export type FilteredCall = Pick<CommandRequest, "info" | "args">;
