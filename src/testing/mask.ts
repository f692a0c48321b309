import type { LabRequest } from './types.js';

const secretName =
  /(token|secret|verifier|assertion|password|authorization|cookie|dpop|xsrf|idtokenhint|authcode)$/;

/**
 * A copy of a request that can be shown: of tokens, codes, verifiers, secrets, cookies and credentials only the first
 * four characters are left, and nothing of short ones.
 *
 * @example
 * lab.provider('aliyun').onRequest((request) => console.log(maskSecrets(request)));
 */
export function maskSecrets(request: LabRequest): LabRequest {
  const { query, headers, form, json, answer } = request;
  return {
    ...request,
    query: maskRecord(query, isSecretParameter),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, maskHeader(name, value)]),
    ),
    ...(form && { form: maskRecord(form, isSecretParameter) }),
    ...(json !== undefined && { json: maskValue(json, isSecretParameter) }),
    // In an answer, `code` is a result code at the providers that have one.
    ...(answer !== undefined && { answer: maskValue(answer, isSecret) }),
  };
}

function isSecret(name: string): boolean {
  return secretName.test(name.toLowerCase().replace(/[^a-z]/g, ''));
}

function isSecretParameter(name: string): boolean {
  return isSecret(name) || name === 'code';
}

function mask(value: string): string {
  return value.length > 8 ? `${value.slice(0, 4)}…` : '…';
}

function maskHeader(name: string, value: string): string {
  // The address of the page before may carry anything that a query can.
  if (name === 'referer') return value.replace(/\?.*/s, '?…');
  if (name === 'cookie') return value.replace(/=([^;]*)/g, (_, secret: string) => `=${mask(secret)}`);
  const scheme = /^(?:Basic|Bearer|DPoP) /i.exec(value)?.[0] ?? '';
  return isSecret(name) ? scheme + mask(value.slice(scheme.length)) : value;
}

function maskRecord(
  record: Readonly<Record<string, string>>,
  secret: (name: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, secret(name) ? mask(value) : value]),
  );
}

function maskValue(value: unknown, secret: (name: string) => boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => maskValue(item, secret));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      secret(name) && typeof item === 'string' ? mask(item) : maskValue(item, secret),
    ]),
  );
}
