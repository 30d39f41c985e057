/**
 * Executes a command at several nodes, and merges what they answer. It waits for every node, so that an error
 * contains the answers of all. A node that refused because of a failover has not executed the command: the node
 * that took over its slots executes it then.
 */
import { type CommandInfo, READONLY } from "../commands/core/info.js";
import {
  ClusterError,
  DataError,
  deriveError,
  type Outcome,
  RedisClusterException,
  RedisError,
} from "../errors.js";
import type { CallSettings } from "../execution/call-settings.js";
import { replyModeOf } from "../execution/command-request.js";
import { execute } from "../execution/execute.js";
import type { Command } from "../execution/executor.js";
import { BYTES, type Reply } from "../protocol/reply.js";
import { shuffled } from "../util/shuffled.js";
import { loopTime } from "../util/timers.js";
import { TurnLimit } from "../util/turn-limit.js";
import { NodeExecutor } from "./node-executor.js";
import type { NodePool } from "./node-pool.js";
import { mergeReplies, type Policy } from "./policies.js";
import { concernsCluster } from "./redirects.js";
import type { ClusterRouter } from "./router.js";

/** Most nodes in a message. */
const NAMED = 3;
/** Views after which a node that refuses because of a failover has failed. */
const VIEWS = 10;

/** Nodes at which a command starts in one turn of the event loop: a view may name thousands of nodes. */
export const MOST_PER_TURN = 128;

/** Where a command is executed. */
export interface FanOutContext {
  readonly router: ClusterRouter;
  readonly call: CallSettings;
}

/** The answer of one node: a value, or a RedisError. */
interface Answer {
  readonly node: NodePool;
  readonly value: unknown;
}

function hasLeft({ name }: NodePool, { table }: ClusterRouter): boolean {
  return table.find(name) === undefined;
}

/** Execute a command at one node of the present view. */
async function answerOf(
  node: NodePool,
  { router, call }: FanOutContext,
  command: Command,
): Promise<Answer> {
  const choose = (): NodePool => {
    if (!hasLeft(node, router)) return node;
    const details = { outcome: "not-sent", server: node.name } as const;
    throw new RedisClusterException(`${node.name} has left the cluster`, details);
  };
  const executor = new NodeExecutor(router, choose, { kind: "tcp", ...node.address });
  try {
    return { node, value: await execute({ executor, call }, command) };
  } catch (error) {
    // What a decoder or response callback throws is the caller's.
    if (!(error instanceof RedisError)) throw error;
    return { node, value: error };
  }
}

/** Wait for the first view, and return the nodes to use. */
export async function nodesOf(
  { router }: FanOutContext,
  info: CommandInfo,
  find: () => readonly NodePool[],
): Promise<readonly NodePool[]> {
  await router.chosen(() => router.table.primaries[0]);
  const nodes = find();
  if (nodes.length !== 0) return nodes;
  const message = `${info.name}: the cluster has no such nodes`;
  throw new RedisClusterException(message, { command: info.name, outcome: "not-sent" });
}

const isError = ({ value }: Answer): boolean => value instanceof RedisError;

function outcomeOf(answers: readonly Answer[]): Outcome | undefined {
  const outcomes = answers.map(({ value }) =>
    value instanceof RedisError ? value.outcome : "unknown",
  );
  if (outcomes.includes("unknown")) return "unknown";
  return outcomes.every((outcome) => outcome === "not-sent") ? "not-sent" : undefined;
}

/**
 * Create the error of a command that failed at some of its nodes.
 *
 * @param answers - The answers of all nodes; one at least is an error.
 */
export function partialFailure(command: string, answers: readonly Answer[]): ClusterError {
  const failures = answers.filter(isError);
  const texts = failures
    .slice(0, NAMED)
    .map(({ node, value }) => `${node.name}: ${(value as RedisError).message}`);
  const more = failures.length > NAMED ? `; and ${failures.length - NAMED} more` : "";
  const count = `${failures.length} of ${answers.length} nodes`;
  return new ClusterError(`${command} failed on ${count}: ${texts.join("; ")}${more}`, {
    code: "ENODES",
    command,
    outcome: outcomeOf(answers),
    cause: failures[0]?.value,
    replies: new Map(answers.map(({ node, value }) => [node.name, value])),
  });
}

/** Throw the error of a call that was refused before anything was sent: it is not the nodes'. */
function throwRefusal(answers: readonly Answer[]): void {
  for (const { value } of answers) if (value instanceof DataError) throw value;
}

/**
 * Execute a command at several nodes.
 *
 * @param find - Returns the nodes, when the cluster is known.
 * @returns The values by name of the node.
 * @throws ClusterError when it fails at one of them.
 */
export async function executeAtEach(
  context: FanOutContext,
  command: Command,
  find: () => readonly NodePool[],
): Promise<Map<string, unknown>> {
  context.router.encoder.check(command.info, command.args);
  const nodes = await nodesOf(context, command.info, find);
  const starts = new TurnLimit(MOST_PER_TURN);
  const answers = await Promise.all(
    nodes.map((node) => starts.run(() => answerOf(node, context, command))),
  );
  throwRefusal(answers);
  if (answers.some(isError)) throw partialFailure(command.info.name, answers);
  return new Map(answers.map(({ node, value }) => [node.name, value]));
}

/** A node to execute at, and those that may take over its slots. */
interface Place {
  readonly node: NodePool;
  readonly replicas: readonly NodePool[];
}

function placesOf({ table }: ClusterRouter, { nodes }: Policy): Place[] {
  const shards = table.shards.map(({ primary, replicas }) => ({ node: primary, replicas }));
  if (nodes === "primaries") return shards;
  const all = new Set([...table.primaries, ...table.replicas]);
  return [...all].map((node) => ({ node, replicas: [] }));
}

/** Whether the node left before the command was written. */
function isGone({ node, value }: Answer, router: ClusterRouter): boolean {
  const isUnwritten = value instanceof RedisClusterException && value.outcome === "not-sent";
  return isUnwritten && hasLeft(node, router);
}

/** Whether a node has not executed the command because of its role or state. */
function isRefusal(answer: Answer, router: ClusterRouter): boolean {
  const { value } = answer;
  return isGone(answer, router) || (value instanceof RedisError && concernsCluster(value));
}

/** Execute at the places, and at the nodes that take over from those that refuse or have lost their slots. */
async function answersOf(
  places: readonly Place[],
  context: FanOutContext,
  command: Command,
): Promise<Answer[]> {
  const { router } = context;
  const start = loopTime();
  const isRead = (command.info.flags & READONLY) !== 0;
  const starts = new TurnLimit(MOST_PER_TURN);
  const answers = new Map<Place, Answer>();
  let open = places;
  for (let view = 0; open.length !== 0; view++) {
    const call = context.call.withRemainingTime(start);
    const primaries = new Set(router.table.primaries);
    await Promise.all(
      open.map((place) =>
        starts.run(async () => {
          const node = successorOf(place, primaries);
          answers.set(place, await answerOf(node, { router, call }, command));
        }),
      ),
    );
    const present = new Set(router.table.primaries);
    open = open.filter((place) => {
      const answer = answers.get(place) as Answer;
      // Without keys a read is not redirected, and a former primary that has restarted is empty.
      const isOutdated = isRead && successorOf(place, present) !== answer.node;
      return isOutdated || isRefusal(answer, router);
    });
    if (open.length === 0 || view === VIEWS || router.closed) break;
    router.refresh();
    // Without a view the answers count, because some nodes may have executed the command.
    if (!(await isViewed(router))) break;
  }
  return [...answers.values()];
}

/** Wait for the next view; return whether there is one. */
function isViewed(router: ClusterRouter): Promise<boolean> {
  return router.nextView().then(
    () => true,
    () => false,
  );
}

/** Return the node itself, or the replica that has taken over its slots. */
function successorOf({ node, replicas }: Place, primaries: ReadonlySet<NodePool>): NodePool {
  if (primaries.has(node)) return node;
  return replicas.find((replica) => primaries.has(replica)) ?? node;
}

/** Ask one node after another until one has something. */
async function firstAnswer(
  places: readonly Place[],
  context: FanOutContext,
  command: Command,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const place of shuffled(places)) {
    answers.push(...(await answersOf([place], context, command)));
    if (answers.at(-1)?.value !== null) break;
  }
  return answers;
}

/** Return the error of a command that failed: that of all nodes, if they agree. */
function failureOf(command: string, answers: readonly Answer[]): RedisError {
  throwRefusal(answers);
  const failure = partialFailure(command, answers);
  const { cause, outcome } = failure;
  const agree = ({ value }: Answer): boolean =>
    value instanceof RedisError &&
    cause instanceof RedisError &&
    value.constructor === cause.constructor &&
    value.code === cause.code;
  if (!(cause instanceof RedisError) || !answers.every(agree)) return failure;
  return deriveError(cause, { outcome, cause: failure });
}

/**
 * Execute a command at the nodes that it concerns.
 *
 * @returns Its value, as one server would return it.
 * @throws The error of the nodes when all have the same; otherwise a ClusterError.
 */
export async function executeByPolicy(
  context: FanOutContext,
  command: Command,
  policy: Policy,
): Promise<unknown> {
  const { info, args, decode } = command;
  const { call, router } = context;
  router.encoder.check(info, args);
  await nodesOf(context, command.info, () => router.table.primaries);
  const places = placesOf(router, policy);
  const run = policy.merge === "sample" ? firstAnswer : answersOf;
  const all = await run(places, context, { info, args, decode: undefined });
  // A node that has left is not part of "all nodes" any more.
  const answers = policy.nodes === "all" ? all.filter((answer) => !isGone(answer, router)) : all;
  const replies = answers.filter((answer) => !isError(answer)).map(({ value }) => value as Reply);
  const needed = policy.merge === "any" ? 1 : answers.length;
  if (replies.length < needed) throw failureOf(info.name, answers);
  const reply = mergeReplies(policy.merge, replies, args);
  const bytes = (replyModeOf(info, call) & BYTES) !== 0;
  return decode === undefined ? reply : decode(reply, bytes ? call.bytesContext : call.textContext);
}
