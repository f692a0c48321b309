import { createLocalJWKSet } from 'jose';
import { type IdTokenExpectation, verifyIdToken } from '../../../src/wire/id-token.js';
import { startServer } from './server.js';
import { halfHash, makeKey, type SigningKey, sign } from './signing.js';

const NOW = 1_800_000_000;
const YEAR = 366 * 86_400;
const ISSUER = 'https://op.example.com';
const ACCESS_TOKEN = 'the access token';
const good = { iss: ISSUER, sub: 'alice', aud: 'client-1', exp: NOW + 300, iat: NOW, nonce: 'nonce-1' };

let key: SigningKey;
beforeAll(async () => {
  key = await makeKey('k1');
});

function judge(token: string, change: Partial<IdTokenExpectation> = {}) {
  return verifyIdToken(token, {
    issuer: ISSUER,
    clientId: 'client-1',
    policy: { algs: ['RS256'], nonce: 'required', audiences: [] },
    algs: ['RS256'],
    keys: createLocalJWKSet({ keys: [key.jwk] }),
    accessToken: ACCESS_TOKEN,
    nonce: 'nonce-1',
    now: NOW * 1000,
    ...change,
  });
}

const refuted = { name: 'ProviderProtocolError', code: 'id_token_invalid' };
const withClaims = async (change: object, expected?: Partial<IdTokenExpectation>) =>
  judge(await sign(key, { ...good, ...change }), expected);

describe('an id_token is refuted', () => {
  it.each(['iss', 'sub', 'aud', 'exp', 'iat', 'nonce'])('without %s', async (claim) => {
    await expect(withClaims({ [claim]: undefined })).rejects.toMatchObject(refuted);
  });

  it.each<[string, object]>([
    ['of another issuer', { iss: 'https://evil.example.com' }],
    ['of the same issuer with a slash at the end', { iss: `${ISSUER}/` }],
    ['of the same issuer in capitals', { iss: ISSUER.toUpperCase() }],
    ['of an issuer that is a list', { iss: [ISSUER] }],
    ['for another client', { aud: 'client-2' }],
    ['for a client whose id begins with ours', { aud: 'client-12' }],
    ['for nobody', { aud: [] }],
    ['for us and a stranger', { aud: ['client-1', 'client-2'] }],
    ['for us and something that is no client', { aud: ['client-1', 5] }],
    ['for an audience that is an object', { aud: { 0: 'client-1' } }],
    ['given to another party', { azp: 'client-2' }],
    ['given to a party that is null', { azp: null }],
    ['that expired 31 s ago', { exp: NOW - 31 }],
    ['that expired long ago', { exp: 1 }],
    ['that lives for eleven years', { exp: NOW + 11 * YEAR }],
    ['that lives for milliseconds, taken for seconds', { exp: (NOW + 300) * 1000 }],
    ['whose expiry is text', { exp: String(NOW + 300) }],
    ['from the future', { iat: NOW + 31 }],
    ['whose time is text', { iat: String(NOW) }],
    ['whose time is null', { iat: null }],
    ['that is not yet valid', { nbf: NOW + 31 }],
    ['with the nonce of another login', { nonce: 'nonce-2' }],
    ['with an empty nonce', { nonce: '' }],
    ['with the nonce in a list', { nonce: ['nonce-1'] }],
    ['with the hash of another access token', { at_hash: halfHash('another token', 256) }],
    ['with the hash in full instead of its half', { at_hash: halfHash(ACCESS_TOKEN, 512) }],
    ['with an empty hash', { at_hash: '' }],
    ['with a hash that is null', { at_hash: null }],
    ['with an empty subject', { sub: '' }],
    ['with a subject of 256 characters', { sub: 'x'.repeat(256) }],
    ['with a subject beyond ASCII', { sub: 'älice' }],
    ['with a line break in its subject', { sub: 'alice\nadmin' }],
    ['with a number for a subject', { sub: 42 }],
    ['with a list for a subject', { sub: ['alice'] }],
    ['with null for a subject', { sub: null }],
  ])('%s', async (_what, change) => {
    await expect(withClaims(change)).rejects.toMatchObject(refuted);
  });

  it.each([['at+jwt'], ['application/at+jwt'], ['logout+jwt'], ['JWE'], ['dpop+jwt'], [5], [{}], ['']])(
    'when it says that it is of the kind %p',
    async (typ) => {
      await expect(judge(await sign(key, good, { typ }))).rejects.toMatchObject(refuted);
    },
  );
});

describe('where the provider may leave the nonce out', () => {
  const policy = { algs: ['RS256'], nonce: 'if-present', audiences: [] } as const;

  it('a missing one is accepted', async () => {
    await expect(withClaims({ nonce: undefined }, { policy })).resolves.toMatchObject({ sub: 'alice' });
  });

  it.each([['nonce-2'], [''], [null], [5]])('the foreign one %p is refused', async (nonce) => {
    await expect(withClaims({ nonce }, { policy })).rejects.toMatchObject(refuted);
  });
});

describe('with further audiences that are trusted', () => {
  const policy = { algs: ['RS256'], nonce: 'required', audiences: ['api'] } as const;

  it('one of them beside ours is accepted, and a stranger is not', async () => {
    await expect(withClaims({ aud: ['api', 'client-1'] }, { policy })).resolves.toBeDefined();
    await expect(withClaims({ aud: ['api', 'client-1', 'x'] }, { policy })).rejects.toMatchObject(refuted);
  });

  it('one of them without ours is refused', async () => {
    await expect(withClaims({ aud: ['api'] }, { policy })).rejects.toMatchObject(refuted);
  });
});

describe('when a maximum age was asked for', () => {
  it.each<[string, unknown, boolean]>([
    ['a login just now', NOW, true],
    ['a login within it', NOW - 60, true],
    ['a login within it and the tolerance', NOW - 90, true],
    ['a login before it', NOW - 91, false],
    ['no time', undefined, false],
    ['a time that is text', String(NOW), false],
    ['the time 0', 0, false],
    ['a time with a fraction', NOW - 0.5, true],
    ['a time to come within the tolerance', NOW + 30, true],
    ['a time to come', NOW + 31, false],
    ['a time in milliseconds', NOW * 1000, false],
  ])('%s: accepted %#', async (_what, auth_time, accepted) => {
    const judged = withClaims({ auth_time }, { maxAge: 60 });
    if (accepted) await expect(judged).resolves.toMatchObject({ auth_time });
    else await expect(judged).rejects.toMatchObject(refuted);
  });

  it.each([0, -1])('however large, the time %d is none', async (auth_time) => {
    await expect(withClaims({ auth_time }, { maxAge: 9_999_999_999 })).rejects.toMatchObject(refuted);
  });
});

describe('when a time of the login was asked for as essential', () => {
  it.each<[string, unknown, boolean]>([
    ['a login just now', NOW, true],
    ['a login long ago', 1, true],
    ['no time', undefined, false],
    ['a time that is null', null, false],
    ['a time that is text', String(NOW), false],
    ['the time 0', 0, false],
    ['a time before 1970', -1, false],
    ['a time in milliseconds', NOW * 1000, false],
  ])('%s: accepted %#', async (_what, auth_time, accepted) => {
    const judged = withClaims({ auth_time }, { essential: ['auth_time'] });
    if (accepted) await expect(judged).resolves.toMatchObject({ auth_time });
    else await expect(judged).rejects.toMatchObject(refuted);
  });
});

describe('when ways of authentication were asked for', () => {
  it.each<[string, unknown, boolean]>([
    ['one of them', 'mfa', true],
    ['another one of them', 'phr', true],
    ['a lesser one', 'pwd', false],
    ['none', undefined, false],
    ['both in one text', 'mfa phr', false],
    ['a list', ['mfa'], false],
    ['another spelling', 'MFA', false],
  ])('%s: accepted %#', async (_what, acr, accepted) => {
    const judged = withClaims({ acr }, { acr: ['mfa', 'phr'] });
    if (accepted) await expect(judged).resolves.toMatchObject({ acr });
    else
      await expect(judged).rejects.toMatchObject({
        name: 'AuthorizationDeniedError',
        code: 'insufficient_user_authentication',
        status: 403,
      });
  });

  it.each<[string, unknown, boolean]>([
    ['any', 'pwd', true],
    ['none', undefined, false],
    ['null', null, false],
    ['an empty one', '', false],
    ['a list', ['pwd'], false],
  ])('as essential, whichever: %s: accepted %#', async (_what, acr, accepted) => {
    const judged = withClaims({ acr }, { essential: ['acr'] });
    if (accepted) await expect(judged).resolves.toMatchObject({ acr });
    else await expect(judged).rejects.toMatchObject({ code: 'insufficient_user_authentication' });
  });

  it('a token that is not valid anyway is no word about the user', async () => {
    await expect(withClaims({ acr: 'pwd', nonce: 'x' }, { acr: ['mfa'] })).rejects.toMatchObject(refuted);
  });
});

describe('after a refresh', () => {
  const previous = { iss: ISSUER, sub: 'alice', auth_time: NOW - 900, nonce: 'nonce-1', azp: 'client-1' };
  const refreshed = (change: object) => withClaims(change, { previous });

  it.each<[string, object]>([
    ['with all it had', { auth_time: NOW - 900, azp: 'client-1' }],
    ['without the nonce', { nonce: undefined }],
    ['without the time of the login', {}],
  ])('an id_token %s is accepted', async (_what, change) => {
    await expect(refreshed(change)).resolves.toMatchObject({ sub: 'alice' });
  });

  it.each<[string, object]>([
    ['another user', { sub: 'bob' }],
    ['another issuer', { iss: 'https://evil.example.com' }],
    ['another audience', { aud: 'client-2' }],
    ['another time of the login', { auth_time: NOW }],
    ['another nonce', { nonce: 'nonce-2' }],
    ['another party', { azp: 'client-2' }],
    ['a past expiry', { exp: NOW - 60 }],
    ['another access token’s hash', { at_hash: halfHash('another token', 256) }],
  ])('an id_token with %s is refuted', async (_what, change) => {
    await expect(refreshed(change)).rejects.toMatchObject(refuted);
  });

  it('an id_token may say more than the one of the login did', async () => {
    const more = withClaims({ azp: 'client-1', auth_time: NOW }, { previous: { iss: ISSUER, sub: 'alice' } });
    await expect(more).resolves.toMatchObject({ azp: 'client-1', auth_time: NOW });
  });

  it('an id_token is refuted when the login knows no user to compare with', async () => {
    await expect(withClaims({}, { previous: {} })).rejects.toMatchObject(refuted);
  });
});

it('a refutation has the code of its cause, and nothing of the token', async () => {
  const error: Error = await withClaims({ exp: NOW - 31, sub: 'alice-in-error' }).catch((reason) => reason);
  expect(error.cause).toEqual(new Error('ERR_JWT_EXPIRED'));
});

it('never follows a key, or a place for one, that the token itself names', async () => {
  const mine = await makeKey('mine');
  const server = await startServer(() => ({ body: { keys: [mine.jwk] } }));
  try {
    const headers = [
      { jku: `${server.url}/keys` },
      { x5u: `${server.url}/cert` },
      { jwk: mine.jwk },
      { jku: `${server.url}/keys`, x5u: `${server.url}/cert`, jwk: mine.jwk, kid: 'k1' },
      { x5c: ['MIIB'] },
    ];
    for (const header of headers) {
      await expect(judge(await sign(mine, good, header))).rejects.toMatchObject(refuted);
    }
    expect(server.requests).toEqual([]);
  } finally {
    await server.close();
  }
});
