/**
 * Owns the waiting for code that is not ours: a credential provider, an address source. It may hang;
 * whoever waits for it may not.
 */

/**
 * Wait for `work`, but no longer than until `signal` is aborted.
 *
 * @returns What `work` gives.
 * @throws The signal's reason when it comes first; what `work` throws otherwise.
 */
export function abortable<T>(work: Promise<T> | undefined, signal: AbortSignal) {
  return new Promise<T | undefined>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
    const done = (): void => signal.removeEventListener("abort", onAbort);
    Promise.resolve(work).then(resolve, reject).finally(done);
  });
}
