/**
 * Owns the TLS certificates of the tests: made anew for each run, shared by all its workers, removed
 * at its end.
 */
import { rmSync } from "node:fs";
import {
  type Certificates,
  certificatesIn,
  makeCertificates,
} from "../../src/testing/certificates.js";
import { ensureOpenssl } from "./install.js";

/** Paths of PEM files. */
export type Certs = Certificates;

/** Where global-setup tells the workers the folder it has filled. */
export const CERTS_FOLDER = "REDISWIRE_TEST_CERTS";

let made: Promise<Certs> | undefined;

/**
 * Have the certificates of this run.
 *
 * @returns Their paths: those global-setup made, or (outside a test run) a set of this process's own
 * that goes when it exits.
 */
export function ensureCerts(): Promise<Certs> {
  const shared = process.env[CERTS_FOLDER];
  if (shared !== undefined) return Promise.resolve(certificatesIn(shared));
  made ??= makeCerts().then((certs) => {
    process.once("exit", () => rmSync(certs.dir, { recursive: true, force: true }));
    return certs;
  });
  return made;
}

/**
 * Make a set of certificates in a new temporary folder.
 *
 * @returns Their paths; the caller removes `dir`.
 */
export async function makeCerts(): Promise<Certs> {
  return makeCertificates(await ensureOpenssl());
}
