/**
 * TLS certificates of test servers, created for each server with the openssl program, so that no key is
 * checked in or shipped.
 */
import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Paths of the PEM files of a test server. */
export interface Certificates {
  /** Folder of the files. */
  readonly dir: string;
  /** Certificate authority that signed all other certificates except `otherCa`. */
  readonly ca: string;
  /** Certificate of the server, for localhost, 127.0.0.1 and ::1. */
  readonly cert: string;
  /** Private key of the server. */
  readonly key: string;
  /** Certificate of a client. */
  readonly clientCert: string;
  /** Private key of the client. */
  readonly clientKey: string;
  /** Certificate signed by `ca`, for the host elsewhere.invalid. */
  readonly wrongHostCert: string;
  /** Private key of `wrongHostCert`. */
  readonly wrongHostKey: string;
  /** Certificate authority that signed none of the certificates. */
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

/**
 * Create a set of certificates in a new temporary folder.
 *
 * @param openssl - Path of the openssl program.
 * @returns Their paths; the caller must remove `dir`.
 */
export async function createCertificates(openssl: string): Promise<Certificates> {
  const dir = await mkdtemp(join(tmpdir(), "rediswire-certs-"));
  await writeFile(join(dir, "openssl.cnf"), CONFIG);
  await sign(openssl, dir, "ca");
  await sign(openssl, dir, "other-ca");
  for (const name of ["server", "client", "wrong-host"]) await sign(openssl, dir, name);
  return certificatesIn(dir);
}

/** Create one certificate. Authorities are self-signed; the others are signed by `ca`. */
async function sign(openssl: string, dir: string, name: string): Promise<void> {
  const authority = name === "ca" || name === "other-ca";
  const signer = authority ? [] : ["-CA", join(dir, "ca.crt"), "-CAkey", join(dir, "ca.key")];
  const args = ["req", "-config", join(dir, "openssl.cnf"), "-x509", "-days", "30", "-nodes"];
  args.push("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1");
  args.push("-subj", `/CN=rediswire ${name}`, "-extensions", authority ? "ca" : name);
  args.push("-keyout", join(dir, `${name}.key`), "-out", join(dir, `${name}.crt`));
  await run(openssl, [...args, ...signer]);
}

/**
 * Return the paths of a set of certificates.
 *
 * @param dir - Folder of the set.
 */
export function certificatesIn(dir: string): Certificates {
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
