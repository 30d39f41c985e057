/**
 * A view of a cluster client whose commands run at several nodes. Each command returns the values of all nodes; the
 * view keeps no state between commands.
 */
import type { CommandSurface } from "../commands/core/command-surface.js";
import type { Arg, CommandInfo, Decoder } from "../commands/core/info.js";
import { Commands, type SharedCommands } from "../commands/generated/commands.js";
import type { DataError } from "../errors.js";
import type { CallOptions } from "../execution/call-settings.js";
import { decoderFor } from "../execution/command-request.js";
import type { Given, ViewIntOf, ViewTextOf } from "../execution/reply-types.js";
import { resolveCommand } from "../execution/resolve-command.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import { SELF } from "../util/self.js";
import { checkArity } from "../util/validate.js";
import { executeAtEach, type FanOutContext, nodesOf } from "./fan-out.js";
import type { NodePool } from "./node-pool.js";

/** Command surface of several nodes: each method returns a promise of the values by node. */
export interface NodesSurface<T extends string | Buffer, I extends number | bigint>
  extends CommandSurface {
  readonly text: T;
  readonly int: I;
  readonly reply: Promise<Map<string, this["value"]>>;
}

/** Commands for which the connections are shared with others. */
const NodesCommands: typeof SharedCommands = Commands;

/** What a view is created from. */
export interface NodesClientSetup extends FanOutContext {
  /** Returns the nodes, when the cluster is known. */
  readonly find: () => readonly NodePool[];
}

/** The commands of several nodes; see {@link RedisCluster.with}. */
export class ClusterNodesClient<
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends NodesCommands<NodesSurface<T, I>> {
  /** @internal */ static override readonly name: string = "ClusterNodesClient";
  readonly #setup: NodesClientSetup;

  /** @internal */
  constructor(setup: NodesClientSetup) {
    super();
    this.#setup = setup;
  }

  /**
   * Execute any command at each node; see {@link BaseClient.executeCommand}.
   * @returns The replies by name of the node.
   */
  executeCommand<V = unknown>(name: string, ...args: readonly unknown[]): Promise<Map<string, V>> {
    const setup = this[SELF].#setup;
    try {
      const {
        info,
        args: words,
        decode,
        options,
      } = resolveCommand(name, args, setup.call.callbacks);
      const decoder = decoderFor(info, decode, setup.call, options);
      return executeAtEach(setup, { info, args: words, decode: decoder }, setup.find) as Promise<
        Map<string, V>
      >;
    } catch (error) {
      return rejectWithCallerStack(error);
    }
  }

  /**
   * Create a view of the same nodes with other settings for its calls.
   * @param options - As for {@link RedisCluster.with}, without `targetNodes`.
   * @throws {@link DataError} for an invalid option.
   */
  with<const O extends Given<O, CallOptions>>(
    options: O,
  ): ClusterNodesClient<ViewTextOf<O, T>, ViewIntOf<O, I>>;
  with(options: CallOptions): unknown {
    checkArity("with", 1, arguments, "promises");
    const setup = this[SELF].#setup;
    return new ClusterNodesClient({ ...setup, call: setup.call.with(options) });
  }

  /** @internal */
  protected override run<V>(
    info: CommandInfo,
    args: readonly Arg[],
    decode?: Decoder | null,
  ): Promise<Map<string, V>> {
    const setup = this[SELF].#setup;
    const command = { info, args, decode: decoderFor(info, decode, setup.call) };
    return executeAtEach(setup, command, setup.find) as Promise<Map<string, V>>;
  }

  /** @internal */
  protected override reject<V>(_info: CommandInfo, error: DataError): Promise<V> {
    return rejectWithCallerStack(error);
  }

  /** @internal */
  protected override async resolve<V>(info: CommandInfo, value: V): Promise<Map<string, V>> {
    const setup = this[SELF].#setup;
    const nodes = await nodesOf(setup, info, setup.find);
    return new Map(nodes.map(({ name }) => [name, value]));
  }
}
