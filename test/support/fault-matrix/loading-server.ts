/** A server that replies LOADING to every command that needs data, until it is stopped. */
import { ConstantBackoff, Redis, Retry } from "../../../src/index.js";
import { type RunningServer, startServer } from "../server.js";
import { settle } from "../settle.js";
import { until } from "../until.js";

/** User of the clients of the fault matrix, and the rights of the user. */
export const USER = "matrix";
export const ACL = { acl: [`${USER} on >right ~* &* +@all`] };

/** Start a server that never finishes loading its data. */
export async function startLoadingServer(): Promise<RunningServer> {
  const loading = await startServer(ACL);
  await loading.command("CONFIG", "SET", "rdbcompression", "no");
  await loading.command("DEBUG", "POPULATE", 10_000, "key", 1100);
  await loading.command("CONFIG", "SET", "loading-process-events-interval-bytes", 1024);
  await loading.command("CONFIG", "SET", "key-load-delay", 20_000);
  loading.command("DEBUG", "RELOAD").catch(() => {});
  const options = {
    retry: new Retry(new ConstantBackoff(5), 0),
    username: USER,
    password: "right",
  };
  await using redis = new Redis("127.0.0.1", loading.port, options);
  await until(async () => (await settle(redis.get("key"))).ok === false);
  return loading;
}
