/**
 * Compares a server's description of a command with the table: one function per aspect, which returns the
 * difference in a few words, or nothing.
 */
import { type Merge, policyOf } from "../../src/cluster/policies.js";
import { BLOCKING, MANY_NODES, READONLY, SPLIT } from "../../src/commands/core/info.js";
import type { ServedCommand } from "./served.js";
import type { TableCommand } from "./table.js";

/** The two descriptions to compare. */
export type Aspect = "words" | "keys" | "flags" | "since" | "tokens" | "nodes" | "policies";

/** A server reports neither arity nor documentation for the commands of a module. */
const isUndocumented = ({ flags }: ServedCommand): boolean => flags.has("module");

type Comparison = (served: ServedCommand, ours: TableCommand) => string | undefined;

/** The comparisons by aspect. */
export const COMPARISONS: Readonly<Record<Aspect, Comparison>> = {
  words: compareWords,
  keys: compareKeys,
  flags: compareFlags,
  since: compareSince,
  tokens: compareTokens,
  nodes: compareNodes,
  policies: comparePolicies,
};

/** The shortest call has as many words as the server requires, and no call has a number it rejects. */
function compareWords(served: ServedCommand, { wordCounts }: TableCommand): string | undefined {
  if (isUndocumented(served)) return undefined;
  const { arity } = served;
  if (wordCounts.length === 0) return "no sample call that is not refused";
  const least = Math.min(...wordCounts);
  const fits = arity < 0 ? least === -arity : wordCounts.every((count) => count === arity);
  return fits ? undefined : `the server wants ${arity} words, calls have ${listOf(wordCounts)}`;
}

function compareKeys({ keys }: ServedCommand, { info }: TableCommand): string | undefined {
  if (String(keys) === String(info.keys)) return undefined;
  return `the server has them at ${listOf(keys)}, the table at ${listOf(info.keys)}`;
}

/** Commands that the server marks as neither reading nor writing are classified by the table alone. */
function compareFlags({ flags }: ServedCommand, { info }: TableCommand): string | undefined {
  const readonly = (info.flags & READONLY) !== 0;
  const blocking = (info.flags & BLOCKING) !== 0;
  const problems = [
    flags.has("readonly") && !readonly ? "the server says readonly, the table does not" : [],
    flags.has("write") && readonly ? "the server says write, the table readonly" : [],
    flags.has("blocking") && !blocking ? "the server says blocking, the table does not" : [],
    !flags.has("blocking") && blocking ? "the table says blocking, the server does not" : [],
  ].flat();
  return problems.length === 0 ? undefined : problems.join("; ");
}

/** Methods added to a command later, such as filter forms, have their own later version. */
function compareSince(served: ServedCommand, { specs }: TableCommand): string | undefined {
  if (isUndocumented(served)) return undefined;
  const { since } = served;
  const ours = specs.map((spec) => spec.since);
  const named = ours.flatMap((text) => text.match(/\d+\.\d+\.\d+/g) ?? []);
  return named.includes(since)
    ? undefined
    : `the server says ${since}, the table ${ours.join(", ")}`;
}

/** Every constant word among the server's arguments can be sent. */
function compareTokens({ tokens }: ServedCommand, ours: TableCommand): string | undefined {
  const missing = tokens.filter((token) => !ours.tokens.has(token));
  return missing.length === 0 ? undefined : `no call sends ${missing.join(", ")}`;
}

/** Which commands without keys concern several nodes of a cluster, and which with keys are split. */
function compareNodes({ keys, tips }: ServedCommand, { info }: TableCommand): string | undefined {
  const several = ["all_nodes", "all_shards", "special"].map(
    (policy) => `request_policy:${policy}`,
  );
  const many = keys[0] === 0 && several.some((tip) => tips.has(tip));
  const split = tips.has("request_policy:multi_shard") && tips.has("response_policy:agg_sum");
  if (many !== ((info.flags & MANY_NODES) !== 0)) return `MANY_NODES is ${many} for the server`;
  return split === ((info.flags & SPLIT) !== 0) ? undefined : `SPLIT is ${split} for the server`;
}

/** Ways in which the replies of the nodes may be merged, by the server's `response_policy`. */
const MERGES: Readonly<Record<string, readonly Merge[]>> = {
  agg_sum: ["sum"],
  agg_logical_and: ["and"],
  all_succeeded: ["first", "max"],
  one_succeeded: ["any"],
  special: ["sample"],
};
/** Without a policy the replies of keyless commands are put together. */
const WITHOUT_POLICY: readonly Merge[] = ["join", "slowlog", "sample"];

/** At which nodes a command without keys is executed, and how their replies are merged. */
function comparePolicies({ tips }: ServedCommand, { info }: TableCommand): string | undefined {
  const policy = policyOf(info, []);
  if (policy === undefined || (!tips.has(ALL_NODES) && !tips.has(ALL_SHARDS))) return undefined;
  const nodes = tips.has(ALL_NODES) ? "all" : "primaries";
  if (policy.nodes !== nodes) return `the server wants ${nodes}, the table has ${policy.nodes}`;
  const response = [...tips].find((tip) => tip.startsWith(RESPONSE))?.slice(RESPONSE.length);
  const merges = response === undefined ? WITHOUT_POLICY : (MERGES[response] ?? []);
  return merges.includes(policy.merge) ? undefined : `${policy.merge} is not ${response}`;
}

const ALL_NODES = "request_policy:all_nodes";
const ALL_SHARDS = "request_policy:all_shards";
const RESPONSE = "response_policy:";

const listOf = (numbers: readonly number[]): string => [...new Set(numbers)].join(", ");
