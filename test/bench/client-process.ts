/** A client process as seen by the runner. Only one of them works at a time. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type {
  CacheSetup,
  ClusterSetup,
  Sample,
  WorkerAnswer,
  WorkerRequest,
  WorkerSetup,
} from "./messages.js";
import { onCore } from "./setup.js";

type Setup = WorkerSetup | ClusterSetup | CacheSetup;

/** A running client process. */
export class ClientProcess {
  readonly name: string;
  readonly #child: ChildProcess;

  private constructor(file: string, setup: Setup, core: number | undefined) {
    this.name = setup.client;
    const [program, ...args] = [...onCore(core), process.execPath, "--expose-gc"];
    this.#child = fork(file, [JSON.stringify(setup)], { execPath: program, execArgv: args });
  }

  /**
   * Start a client and connect it.
   *
   * @param file - The program of the process.
   * @param setup - The client and its server.
   * @param core - The core it is pinned to.
   */
  static async start(file: string, setup: Setup, core: number | undefined): Promise<ClientProcess> {
    const started = new ClientProcess(file, setup, core);
    await started.#answer();
    return started;
  }

  /**
   * Check the reply of one scenario and warm it up for `duration` ms.
   *
   * @returns Whether the client supports the scenario.
   */
  async warm(scenario: number, duration: number): Promise<boolean> {
    const answer = await this.#ask({ action: "warm", scenario, duration });
    return answer.kind !== "unable";
  }

  /** Measure one scenario for about `duration` ms. */
  async measure(scenario: number, duration: number): Promise<Sample> {
    const answer = await this.#ask({ action: "measure", scenario, duration });
    if (answer.kind !== "sample") throw new Error(`${this.name} gave no sample`);
    return answer.sample;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  #ask(request: WorkerRequest): Promise<WorkerAnswer> {
    const answer = this.#answer();
    this.#child.send(request);
    return answer;
  }

  async #answer(): Promise<WorkerAnswer> {
    const ended = new AbortController();
    const { signal } = ended;
    const message = once(this.#child, "message", { signal });
    const exit = once(this.#child, "exit", { signal }).then(([code, name]) => {
      throw new Error(`the process of ${this.name} ended: ${code ?? name}`);
    });
    try {
      const [answer] = (await Promise.race([message, exit])) as [WorkerAnswer];
      if (answer.kind === "failed") throw new Error(`${this.name}: ${answer.reason}`);
      return answer;
    } finally {
      // The loser of the race must neither stay subscribed nor cause an unhandled rejection.
      message.catch(() => undefined);
      exit.catch(() => undefined);
      ended.abort();
    }
  }
}
