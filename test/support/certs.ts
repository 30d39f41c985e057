/** TLS certificates of the tests: created for each run, shared by all its workers, removed at its end. */
import { rmSync } from "node:fs";
import {
  type Certificates,
  certificatesIn,
  createCertificates,
} from "../../src/testing/certificates.js";
import { ensureOpenssl } from "./install.js";

/** Paths of PEM files. */
export type Certs = Certificates;

/** Environment variable in which global-setup passes the folder to the workers. */
export const CERTS_FOLDER = "REDISWIRE_TEST_CERTS";

let created: Promise<Certs> | undefined;

/**
 * Return the certificates of this run.
 *
 * @returns The paths of the files of global-setup or, outside a test run, of a set that this process
 * creates and removes when it exits.
 */
export function ensureCerts(): Promise<Certs> {
  const shared = process.env[CERTS_FOLDER];
  if (shared !== undefined) return Promise.resolve(certificatesIn(shared));
  created ??= makeCerts().then((certs) => {
    process.once("exit", () => rmSync(certs.dir, { recursive: true, force: true }));
    return certs;
  });
  return created;
}

/**
 * Create a set of certificates in a new temporary folder.
 *
 * @returns The paths; the caller must remove `dir`.
 */
export async function makeCerts(): Promise<Certs> {
  return createCertificates(await ensureOpenssl());
}
