import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface Certificate {
  /** PEM, for a client that is to trust it. */
  readonly cert: string;
  readonly certFile: string;
  readonly keyFile: string;
  remove(): Promise<void>;
}

/** A certificate for 127.0.0.1, signed by itself. */
export async function makeCertificate(): Promise<Certificate> {
  const made = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  const folder = await mkdtemp(join(tmpdir(), 'certificate-'));
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await Promise.all([writeFile(certFile, made.cert), writeFile(keyFile, made.private, { mode: 0o600 })]);
  return { cert: made.cert, certFile, keyFile, remove: () => rm(folder, { recursive: true }) };
}
