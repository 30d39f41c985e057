/**
 * Waiting for several promises so that none is still pending when the first error is reported.
 */

/**
 * Wait until all promises have settled. Unlike `Promise.all` it does not reject while some are pending.
 *
 * @returns Their values, in the order of the promises.
 * @throws The reason of the first rejected promise, in the order of the promises.
 */
export async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}
