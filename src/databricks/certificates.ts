import { X509Certificate } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import type { Setting } from './config/fields.ts';
import { configError } from './config/fields.ts';

/**
 * What Node believes by itself, and the certificates in the files, each once: several settings often name one file, and most of it is what Node
 * brings. A setting may also name a directory, as for OpenSSL and Python's `requests`. Throws `BridgeError` `config` for what cannot be used.
 */
export function trustedCertificates(files: readonly Setting<string>[]): readonly string[] {
  const certificates = new Map(rootCertificates.map((certificate) => [keyOf(certificate), certificate]));
  for (const file of files) {
    for (const [number, certificate] of readCertificates(file).entries()) {
      const key = keyOf(certificate);
      if (certificates.has(key)) continue;
      // The TLS library leaves out without a word what it cannot read.
      if (!isCertificate(certificate)) throw wrong(file, `holds a broken certificate (number ${number + 1})`);
      certificates.set(key, certificate);
    }
  }
  return [...certificates.values()];
}

/** The same certificate is written in lines of different lengths. */
function keyOf(certificate: string): string {
  return certificate.replace(/\s/g, '');
}

function readCertificates(file: Setting<string>): readonly string[] {
  let text: string;
  try {
    text = statSync(file.value).isDirectory() ? readDirectory(file.value) : readFileSync(file.value, 'utf8');
  } catch (error) {
    throw wrong(file, `is no file of certificates that can be read (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`);
  }
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) throw wrong(file, 'holds no certificate (PEM)');
  return certificates;
}

/** Other files lie in such directories, too; each certificate has a second name there. */
function readDirectory(path: string): string {
  return readdirSync(path, { withFileTypes: true })
    .map(({ name }) => join(path, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
}

function wrong({ value: path, origin }: Setting<string>, why: string): Error {
  return configError(origin, `${origin} names ${path}, which ${why}: correct or remove the setting.`);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}
