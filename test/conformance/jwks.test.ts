import { exportJWK, type JWK } from 'jose';
import type { Reply } from '../unit/wire/server.js';
import { makeKey, type SigningKey, sign } from '../unit/wire/signing.js';
import { accepts, type LoginCase, type Row, refuses, table, title } from './support/cases.js';
import { openIdDialects } from './support/dialects.js';
import { hmac, KID, signed } from './support/forge.js';
import type { Script } from './support/provider.js';
import { useStage } from './support/stage.js';
import { expectAccepted, expectRefused, type Refusal } from './support/verdict.js';

const stage = useStage();

let next: SigningKey;
let secretHalf: JWK;
beforeAll(async () => {
  next = await makeKey('next-key');
  secretHalf = { ...(await exportJWK(next.privateKey)), kid: next.kid, alg: next.alg };
});

const script = (source: string, rows: Row<Script>[]) =>
  table(source, rows, (one) => ({ fresh: true, script: one }));
const keys = (source: string, rows: Row<(usual: readonly JWK[]) => unknown[]>[]) =>
  script(
    source,
    rows.map(([id, does, change]) => [id, does, { keys: change }]),
  );
const answer = (source: string, rows: Row<Reply>[]) =>
  script(
    source,
    rows.map(([id, does, jwks]) => [id, does, { answers: { jwks } }]),
  );

const SECRET: JWK = {
  kty: 'oct',
  kid: KID,
  k: Buffer.from('a secret that everybody can read').toString('base64url'),
};

/** No key for this token, or none that may be used for it. */
const wrongKeys: LoginCase[] = [
  ...keys('RFC 7517 5', [
    ['none', 'has no keys', () => []],
    ['other-kid', 'has the key under another name', ([key]) => [{ ...key, kid: 'another' }]],
    ['encryption', 'has the key for encryption', ([key]) => [{ ...key, use: 'enc' }]],
    [
      'wrapping',
      'has the key for wrapping keys',
      ([key]) => [{ ...key, use: undefined, key_ops: ['wrapKey'] }],
    ],
    ['other-alg', 'has the key for another algorithm', ([key]) => [{ ...key, alg: 'RS512' }]],
    ['other-type', 'calls the key an elliptic one', ([key]) => [{ ...key, kty: 'EC' }]],
    ['unknown-type', 'calls the key by a type that nobody knows', ([key]) => [{ ...key, kty: 'evil' }]],
    ['no-type', 'does not say what the key is', ([key]) => [{ ...key, kty: undefined }]],
    ['cut', 'has the half of the key', ([key]) => [{ ...key, n: String(key?.n).slice(0, 100) }]],
    ['exponent', 'has the key with an exponent of one', ([key]) => [{ ...key, e: 'AQ' }]],
    ['no-modulus', 'has the key without its modulus', ([key]) => [{ ...key, n: undefined }]],
    ['twice', 'has two keys under one name', ([key]) => [key, { ...next.jwk, kid: KID }]],
    ['empty', 'has an empty key', () => [{}]],
  ]),
  ...script('RFC 8725 3.1', [
    [
      'secret',
      'has a secret for a key, with which the token is signed',
      { keys: () => [SECRET], idToken: (parts) => hmac('a secret that everybody can read', parts) },
    ],
    [
      'secret-beside',
      'has such a secret beside the key',
      {
        keys: (usual) => [...usual, SECRET],
        idToken: (parts) => hmac('a secret that everybody can read', parts),
      },
    ],
    [
      'private',
      'has the secret half of the key, so that everybody can sign',
      { keys: () => [secretHalf], idToken: ({ claims }) => sign(next, claims) },
    ],
    [
      'no-kid-two-keys',
      'has two keys, and the token names none',
      { keys: (usual) => [...usual, next.jwk], header: { kid: undefined } },
    ],
  ]),
];

/** Nothing that could be a key set: nothing is known about the token, and nobody is let in. */
const noKeySet: LoginCase[] = [
  ...answer('RFC 7517 5', [
    ['html', 'is a page', { body: '<html><img src=x onerror=alert(1)></html>' }],
    ['empty-answer', 'is an empty answer', { body: '' }],
    ['null', 'is null', { body: 'null' }],
    ['list', 'is a list', { body: [] }],
    ['no-keys', 'has no member for keys', { body: {} }],
    ['keys-object', 'has an object for keys', { body: { keys: {} } }],
    ['keys-null', 'has null for keys', { body: { keys: null } }],
    ['keys-nulls', 'has a list of nulls for keys', { body: { keys: [null] } }],
    ['keys-texts', 'has a list of texts for keys', { body: { keys: ['key'] } }],
    ['inherited', 'hides its keys in __proto__', { body: '{"__proto__":{"keys":[]}}' }],
    ['huge', 'is 2 MiB', { body: { keys: [], padding: 'x'.repeat(2 ** 21) } }],
    ['not-there', 'is not there', { status: 404, body: { error: 'not_found' } }],
    ['redirect', 'is said to be elsewhere', { status: 302, headers: { location: '/elsewhere' } }],
  ]),
];

const right: LoginCase[] = [
  ...keys('RFC 7517 5', [
    ['base', 'is as it should be', (usual) => [...usual]],
    ['more', 'has more keys', (usual) => [next.jwk, ...usual]],
    ['unknown', 'has keys of a type that nobody knows', (usual) => [{ kty: 'evil', kid: 'x' }, ...usual]],
    ['no-use', 'does not say what its key is for', ([key]) => [{ ...key, use: undefined, alg: undefined }]],
  ]),
  ...script('OIDC Core 10.1', [
    [
      'no-kid',
      'has one key without a name, and the token names none',
      { keys: ([key]) => [{ ...key, kid: undefined }], header: { kid: undefined } },
    ],
  ]),
];

describe.each(openIdDialects)('the key set of $name', (dialect) => {
  accepts(stage, dialect, right);
  refuses(stage, dialect, wrongKeys, { code: ['id_token_invalid', 'provider_protocol'], after: 'token' });
  // Nothing is known about the token, and waiting may help.
  refuses(stage, dialect, noKeySet, { code: 'provider_unavailable', status: 503, after: 'token' });

  const refusal: Refusal = { code: ['id_token_invalid', 'provider_protocol'], after: 'token' };
  const signedByNext: Script = { idToken: ({ claims }) => sign(next, claims) };

  it(
    title('accepted', {
      id: 'rotation',
      does: 'has a new key, and the next token is signed with it',
      source: 'OIDC Core 10.1.1',
    }),
    async () => {
      const app = await stage().freshApp(dialect);
      await expectAccepted(await stage().attempt(dialect, { app }));
      const rotated: Script = { keys: () => [next.jwk], ...signedByNext };
      await expectAccepted(await stage().attempt(dialect, { app, script: rotated }));
      expect(stage().provider(dialect).to('jwks')).toHaveLength(2);
    },
  );

  it(
    title('accepted', {
      id: 'rotation-back',
      does: 'has its old key for those who come late',
      source: 'OIDC Core 10.1.1',
    }),
    async () => {
      const app = await stage().freshApp(dialect);
      const both: Script = { keys: (usual) => [...usual, next.jwk] };
      await expectAccepted(await stage().attempt(dialect, { app, script: { ...both, ...signedByNext } }));
      await expectAccepted(await stage().attempt(dialect, { app, script: both }));
      expect(stage().provider(dialect).to('jwks')).toHaveLength(1);
    },
  );

  it(
    title('refused', {
      id: 'withdrawn',
      does: 'has withdrawn the key with which a token is signed',
      source: 'OIDC Core 10.1.1',
    }),
    async () => {
      const app = await stage().freshApp(dialect);
      const withdrawn: Script = { keys: () => [next.jwk] };
      await expectAccepted(
        await stage().attempt(dialect, { app, script: { ...withdrawn, ...signedByNext } }),
      );
      await stage().redis.flush();
      await expectRefused(stage(), await stage().attempt(dialect, { app, script: withdrawn }), refusal);
    },
  );

  it(
    title('accepted', {
      id: 'outage',
      does: 'cannot be had after the first login',
      source: 'RFC 9111 4.2.4',
    }),
    async () => {
      const app = await stage().freshApp(dialect);
      await expectAccepted(await stage().attempt(dialect, { app }));
      await expectAccepted(
        await stage().attempt(dialect, { app, script: { answers: { jwks: { status: 503 } } } }),
      );
    },
  );

  it(
    title('refused', {
      id: 'flood',
      does: 'is asked for keys that nobody has, thirty times: the provider hears of it twice, and once more every five seconds',
      source: 'CWE-770',
    }),
    async () => {
      const app = await stage().freshApp(dialect);
      const begin = Date.now();
      const script: Script = { idToken: (parts) => signed(parts, { kid: `x-${Math.random()}` }) };
      for (let count = 0; count < 30; count += 1) {
        const { page, browser } = await stage().attempt(dialect, { app, script });
        // Nothing is known about a key that may not yet be asked for.
        expect([502, 503]).toContain(page.status);
        expect((await browser.me()).status).toBe(401);
      }
      const asked = stage().provider(dialect).to('jwks').length;
      expect(asked).toBeGreaterThanOrEqual(2);
      expect(asked).toBeLessThanOrEqual(2 + Math.floor((Date.now() - begin) / 5000));
      expect(await stage().redis.keys()).toEqual([]);
    },
  );
});
