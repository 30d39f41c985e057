/**
 * The address source of a pool as the pool calls it. A source may be code of the user: what it throws never reaches
 * the parser or a decision of the pool, and a promise that never settles ends with the attempt that awaits it.
 */
import { type AddressSource, FixedAddress, type Probe } from "../connection/address-source.js";
import { TimeoutError } from "../errors.js";
import type { Address } from "../options/address.js";
import type { Settings } from "../options/types.js";
import { abortable } from "../util/abort.js";
import { limitWait } from "../util/deadline-timer.js";
import { guarded } from "../util/guarded.js";
import { invalidOption, kindOf } from "../util/validate.js";

/** Return the source of a pool: the fixed address, or the source that was given, with a guard around each method. */
export function sourceOf(source: AddressSource | undefined, settings: Settings): AddressSource {
  return source === undefined
    ? new FixedAddress(settings.address)
    : guardedSource(source, settings);
}

/** Methods that the source does not have stay absent. */
function guardedSource(source: AddressSource, { socketConnectTimeout }: Settings): AddressSource {
  const limit = source.limitsWaits === true ? 0 : socketConnectTimeout;
  const bounded = <V>(work: (signal: AbortSignal) => Promise<V>, signal: AbortSignal): Promise<V> =>
    endWith(signal, work, { limit, server: source.description });
  return {
    description: source.description,
    resolve: async (signal) =>
      checkAddress(await bounded((ended) => source.resolve(ended), signal)),
    ...(source.verify && {
      verify: (probe: Probe) =>
        bounded(async (signal) => source.verify?.({ ...probe, signal }), probe.signal),
    }),
    ...(source.attach && { attach: (consumer) => source.attach?.(consumer) }),
    ...(source.detach && { detach: guarded((consumer) => source.detach?.(consumer), undefined) }),
    ...(source.classifyError && {
      classifyError: guarded((address, error) => source.classifyError?.(address, error), undefined),
    }),
    ...(source.report && {
      report: guarded((address, error) => source.report?.(address, error), undefined),
    }),
    ...(source.connectionFailed && {
      connectionFailed: guarded((error) => source.connectionFailed?.(error), undefined),
    }),
    ...(source.attemptsExhausted && {
      attemptsExhausted: guarded((error) => source.attemptsExhausted?.(error), undefined),
    }),
    ...(source.reclaim && {
      reclaim: (requests) => guarded(() => source.reclaim?.(requests), undefined)() ?? requests,
    }),
    ...(source.redirect && {
      redirect: guarded(
        (redirected, mayTake) => source.redirect?.(redirected, mayTake) === true,
        false,
      ),
    }),
  } satisfies AddressSource;
}

interface Bound {
  /** ms; 0 for none. */
  readonly limit: number;
  readonly server: string;
}

/** Await work until its signal is aborted or the limit has passed; the work's own signal is aborted by both. */
async function endWith<V>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<V>,
  { limit, server }: Bound,
): Promise<V> {
  const end = new AbortController();
  const onAbort = (): void => end.abort(signal.reason);
  const onTimeout = (): void => {
    const details = { code: "ETIMEDOUT", server, outcome: "not-sent" } as const;
    end.abort(new TimeoutError("Timeout waiting for the address source", details));
  };
  const stopTimer = limitWait(limit, onTimeout);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    return (await abortable(work(end.signal), end.signal)) as V;
  } finally {
    stopTimer();
    signal.removeEventListener("abort", onAbort);
  }
}

function checkAddress(address: Address): Address {
  const { kind, host, port, path } = Object(address) as Record<string, unknown>;
  const isTcp = kind === "tcp" && typeof host === "string" && typeof port === "number";
  if (isTcp || (kind === "unix" && typeof path === "string")) return address;
  const result = 'the result of resolve() of option "addressSource"';
  throw invalidOption(result, "an address", kindOf(address));
}
