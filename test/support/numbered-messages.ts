/**
 * What a subscriber may receive of messages that are numbered 1, 2, 3 … per channel: ascending numbers, and a gap
 * wherever a published one is missing. Pure.
 */

/** What the subscriber received, in order: a message, or a gap of one channel or (`null`) of all. */
export type Received =
  | { readonly type: "message"; readonly channel: string; readonly number: number }
  | { readonly type: "gap"; readonly channel: string | null };

/** Numbers of a run. */
export interface MessageSummary {
  readonly received: number;
  /** Published numbers that the subscriber did not receive. */
  readonly missing: number;
  /** Numbers whose publication failed, which the subscriber received nevertheless. */
  readonly unacknowledged: number;
  readonly gaps: number;
  /** Numbers that arrived once more, or late, directly after a gap. */
  readonly repeated: number;
  /** Gaps that follow another one without a message of the channel between them. */
  readonly repeatedGaps: number;
  /** Violations of the rule. */
  readonly violations: readonly string[];
}

/** Options of a check. */
export interface MessageOptions {
  /**
   * Accept numbers that arrive once more directly after a gap: the node that the subscription has moved to may get a
   * message over the cluster bus that the former node has delivered. Seen once in 150 failovers of a busy machine.
   * Default false.
   */
  readonly mayRepeat?: boolean;
}

/** The state of one channel while its messages are checked. */
interface ChannelState {
  /** Published numbers in ascending order, and the index of the first that is not behind {@link last}. */
  readonly published: readonly number[];
  next: number;
  last: number;
  hasGap: boolean;
}

/**
 * Compare what was published with what was received. The subscription exists before the first number, and the last
 * number is published when nothing disturbs it any more: so a number that is missing has a message on either side.
 *
 * @param published - Channel → numbers whose publication succeeded. Others may have arrived, or not.
 * @param received - In the order of their delivery.
 */
export function checkMessages(
  published: ReadonlyMap<string, readonly number[]>,
  received: readonly Received[],
  { mayRepeat = false }: MessageOptions = {},
): MessageSummary {
  const check = new MessageCheck(published, mayRepeat);
  for (const one of received) {
    if (one.type === "gap") check.addGap(one.channel);
    else check.addMessage(one.channel, one.number);
  }
  return check.end();
}

class MessageCheck {
  readonly #states = new Map<string, ChannelState>();
  readonly #violations: string[] = [];
  readonly #mayRepeat: boolean;
  #received = 0;
  #repeated = 0;
  #missing = 0;
  #unacknowledged = 0;
  #gaps = 0;
  #repeatedGaps = 0;

  constructor(published: ReadonlyMap<string, readonly number[]>, mayRepeat: boolean) {
    this.#mayRepeat = mayRepeat;
    for (const [channel, numbers] of published) {
      const ascending = [...numbers].sort((a, b) => a - b);
      this.#states.set(channel, { published: ascending, next: 0, last: 0, hasGap: false });
    }
  }

  addGap(channel: string | null): void {
    this.#gaps += 1;
    const states = channel === null ? [...this.#states.values()] : [this.#stateOf(channel)];
    for (const state of states) {
      if (state === undefined) continue;
      if (state.hasGap) this.#repeatedGaps += 1;
      state.hasGap = true;
    }
  }

  addMessage(channel: string, number: number): void {
    this.#received += 1;
    const state = this.#stateOf(channel);
    if (state === undefined) return;
    if (number <= state.last && state.hasGap && this.#mayRepeat) this.#repeated += 1;
    else if (number === state.last) this.#violations.push(`${channel}: ${number} came twice`);
    else if (number < state.last)
      this.#violations.push(`${channel}: ${number} came after ${state.last}`);
    else this.#advance(channel, state, number);
  }

  /** The numbers up to this one are missing. */
  #advance(channel: string, state: ChannelState, number: number): void {
    const missing = this.#skipTo(state, number);
    if (state.published[state.next] === number) state.next += 1;
    else this.#unacknowledged += 1;
    if (missing !== 0 && !state.hasGap) {
      const range = `${state.last} and ${number}`;
      this.#violations.push(`${channel}: ${missing} missing between ${range} without a gap`);
    }
    state.last = number;
    state.hasGap = false;
  }

  /** Count the published numbers below a number. */
  #skipTo(state: ChannelState, number: number): number {
    const start = state.next;
    while ((state.published[state.next] ?? number) < number) state.next += 1;
    this.#missing += state.next - start;
    return state.next - start;
  }

  #stateOf(channel: string): ChannelState | undefined {
    const state = this.#states.get(channel);
    if (state === undefined) this.#violations.push(`${channel}: was not subscribed`);
    return state;
  }

  end(): MessageSummary {
    for (const [channel, state] of this.#states) {
      const missing = this.#skipTo(state, Number.POSITIVE_INFINITY);
      if (missing !== 0)
        this.#violations.push(`${channel}: ${missing} missing after ${state.last}`);
    }
    return {
      received: this.#received,
      missing: this.#missing,
      unacknowledged: this.#unacknowledged,
      gaps: this.#gaps,
      repeated: this.#repeated,
      repeatedGaps: this.#repeatedGaps,
      violations: this.#violations,
    };
  }
}
