/** The interface of a measured cluster client. The rules of the adapters of one server apply. */

/** The commands that the scenarios use. */
export interface ClusterAdapter {
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  /**
   * Send SET for keys at even positions and GET for the others, of any slots, as one pipeline.
   *
   * @returns The replies in the order of the keys.
   */
  pipeline(keys: readonly string[], value: string): Promise<unknown>;
}

/** A cluster client in the list of the runner. */
export interface ClusterClient {
  /** Column title. */
  readonly title: string;
  /** Connect to a cluster, given the ports of its primaries on the loopback address. */
  readonly open: (ports: readonly number[]) => Promise<ClusterAdapter>;
}

/** Add the commands of {@link ClusterAdapter.pipeline} to a batch. */
export function fill(
  batch: { get(key: string): unknown; set(key: string, value: string): unknown },
  keys: readonly string[],
  value: string,
  positions: Iterable<number> = keys.keys(),
): void {
  for (const i of positions) {
    const key = keys[i] ?? "";
    if ((i & 1) === 0) batch.set(key, value);
    else batch.get(key);
  }
}
