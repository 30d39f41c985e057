/**
 * Owns the TLS certificates of the tests: made anew for each run, shared by all its workers, removed
 * at its end. No key is ever checked in.
 */
import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensureOpenssl } from "./install.js";

const run = promisify(execFile);

/** Where global-setup tells the workers the folder it has filled. */
export const CERTS_FOLDER = "REDISWIRE_TEST_CERTS";

/** Paths of PEM files. */
export interface Certs {
  readonly dir: string;
  /** The authority that signed all certificates below but `otherCa`. */
  readonly ca: string;
  /** The server's certificate, for localhost, 127.0.0.1 and ::1. */
  readonly cert: string;
  readonly key: string;
  readonly clientCert: string;
  readonly clientKey: string;
  /** A certificate by the same authority for the host elsewhere.invalid. */
  readonly wrongHostCert: string;
  readonly wrongHostKey: string;
  /** An authority that signed none of these. */
  readonly otherCa: string;
}

const CONFIG = `
[req]
distinguished_name = name
prompt = no
[name]
CN = rediswire tests
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
subjectAltName = DNS:localhost,IP:127.0.0.1,IP:::1
[client]
basicConstraints = CA:FALSE
[wrong-host]
basicConstraints = CA:FALSE
subjectAltName = DNS:elsewhere.invalid
`;

let made: Promise<Certs> | undefined;

/**
 * Have the certificates of this run.
 *
 * @returns Their paths: those global-setup made, or (outside a test run) a set of this process's own
 * that goes when it exits.
 */
export function ensureCerts(): Promise<Certs> {
  const shared = process.env[CERTS_FOLDER];
  if (shared !== undefined) return Promise.resolve(certsIn(shared));
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
  const openssl = await ensureOpenssl();
  const dir = await mkdtemp(join(tmpdir(), "rediswire-certs-"));
  await writeFile(join(dir, "openssl.cnf"), CONFIG);
  await sign(openssl, dir, "ca");
  await sign(openssl, dir, "other-ca");
  for (const name of ["server", "client", "wrong-host"]) await sign(openssl, dir, name);
  return certsIn(dir);
}

/** Authorities sign themselves; everything else is signed by `ca` with the extensions of its name. */
async function sign(openssl: string, dir: string, name: string): Promise<void> {
  const authority = name === "ca" || name === "other-ca";
  const signer = authority ? [] : ["-CA", join(dir, "ca.crt"), "-CAkey", join(dir, "ca.key")];
  const args = ["req", "-config", join(dir, "openssl.cnf"), "-x509", "-days", "30", "-nodes"];
  args.push("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1");
  args.push("-subj", `/CN=rediswire ${name}`, "-extensions", authority ? "ca" : name);
  args.push("-keyout", join(dir, `${name}.key`), "-out", join(dir, `${name}.crt`));
  await run(openssl, [...args, ...signer]);
}

function certsIn(dir: string): Certs {
  return {
    dir,
    ca: join(dir, "ca.crt"),
    cert: join(dir, "server.crt"),
    key: join(dir, "server.key"),
    clientCert: join(dir, "client.crt"),
    clientKey: join(dir, "client.key"),
    wrongHostCert: join(dir, "wrong-host.crt"),
    wrongHostKey: join(dir, "wrong-host.key"),
    otherCa: join(dir, "other-ca.crt"),
  };
}
