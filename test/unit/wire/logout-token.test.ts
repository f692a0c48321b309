import { createPublicKey, type KeyObject } from 'node:crypto';
import { CompactSign, createLocalJWKSet, importJWK } from 'jose';
import { isOAuthLoginError, ProviderUnavailableError } from '../../../src/errors.js';
import { verifyIdToken } from '../../../src/wire/id-token.js';
import { LOGOUT_EVENT, LogoutTokenError, verifyLogoutToken } from '../../../src/wire/logout-token.js';
import type { SignedTokenExpectation } from '../../../src/wire/signed-token.js';
import { encode, makeKey, type SigningKey, sign } from './signing.js';

const NOW = 1_800_000_000;
const good = {
  iss: 'https://op.example.com',
  aud: 'client-1',
  iat: NOW,
  exp: NOW + 120,
  jti: 'bWJq',
  sub: '248289761001',
  sid: '08a5019c-17e1-4977-8f42-65a12843ea02',
  events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
};

let key: SigningKey;
let stranger: SigningKey;
let elliptic: SigningKey;
beforeAll(async () => {
  [key, stranger, elliptic] = await Promise.all([makeKey('k1'), makeKey('k1'), makeKey('k2', 'ES256')]);
});

function expectation(change: Partial<SignedTokenExpectation> = {}): SignedTokenExpectation {
  return {
    issuer: good.iss,
    clientId: good.aud,
    policy: { algs: ['RS256'], nonce: 'required', audiences: [] },
    algs: ['RS256'],
    keys: createLocalJWKSet({ keys: [key.jwk, elliptic.jwk] }),
    now: NOW * 1000,
    ...change,
  };
}

const judge = (token: string, change?: Partial<SignedTokenExpectation>) =>
  verifyLogoutToken(token, expectation(change));

async function refusal(token: string, change?: Partial<SignedTokenExpectation>): Promise<LogoutTokenError> {
  const error = await judge(token, change).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LogoutTokenError);
  // It goes into the answer: nothing of the token may be in it.
  expect((error as Error).message).toMatch(/^The logout token is not valid: [\w ]+\.$/);
  expect(error).toMatchObject({ name: 'LogoutTokenError', replayed: false });
  return error as LogoutTokenError;
}

/** The claims without one of them. */
function without(name: keyof typeof good): object {
  const { [name]: _left, ...rest } = good;
  return rest;
}

describe('a logout token is accepted', () => {
  it.each<[string, object, object]>([
    ['as the provider should make it', good, { typ: 'logout+jwt' }],
    ['without a type, as older providers make it', good, {}],
    ['of the general type', good, { typ: 'JWT' }],
    ['with its type in another case', good, { typ: 'Logout+JWT' }],
    ['with the prefix of a media type', good, { typ: 'application/logout+jwt' }],
    ['for a session', without('sub'), {}],
    ['for a user', without('sid'), {}],
    ['with the audience in a list', { ...good, aud: [good.aud] }, {}],
    ['29 s after it expired: clocks differ', { ...good, iat: NOW - 200, exp: NOW - 29 }, {}],
    ['29 s before it was issued: clocks differ', { ...good, iat: NOW + 29 }, {}],
    ['with other events beside the one', { ...good, events: { ...good.events, 'https://x.example': 1 } }, {}],
    ['with something in its event', { ...good, events: { [LOGOUT_EVENT]: { reason: 'x' } } }, {}],
    ['with claims that nobody knows', { ...good, trace: 'x' }, {}],
    ['with a subject of 255 characters', { ...good, sub: 'x'.repeat(255) }, {}],
  ])('%s', async (_what, claims, header) => {
    const { jti } = await judge(await sign(key, claims, header));
    expect(jti).toBe(good.jti);
  });

  it('and says what it is about', async () => {
    expect(await judge(await sign(key, good))).toEqual({
      jti: good.jti,
      issuedAt: NOW * 1000,
      acceptedUntil: (NOW + 150) * 1000,
      sub: good.sub,
      sid: good.sid,
    });
    expect(await judge(await sign(key, without('sub')))).not.toHaveProperty('sub');
    expect(await judge(await sign(key, without('sid')))).not.toHaveProperty('sid');
  });

  it('for a further audience that is trusted', async () => {
    const policy = { algs: [], nonce: 'required', audiences: ['api'] } as const;
    await judge(await sign(key, { ...good, aud: [good.aud, 'api'] }), { policy });
  });
});

describe('a logout token is refused', () => {
  // [OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6]
  it.each<[string, object]>([
    ['from another issuer', { ...good, iss: 'https://evil.example' }],
    ['from an issuer that differs by a slash', { ...good, iss: `${good.iss}/` }],
    ['without an issuer', without('iss')],
    ['for another audience', { ...good, aud: 'client-2' }],
    ['for a further audience that nobody trusts', { ...good, aud: [good.aud, 'client-2'] }],
    ['without an audience', without('aud')],
    ['without iat', without('iat')],
    ['from the future', { ...good, iat: NOW + 32 }],
    ['with an iat that is text', { ...good, iat: String(NOW) }],
    ['without exp', without('exp')],
    ['that has expired', { ...good, exp: NOW - 32 }],
    ['with an absurd exp', { ...good, exp: NOW * 2 }],
    ['without jti', without('jti')],
    ['with an empty jti', { ...good, jti: '' }],
    ['with a jti that is a number', { ...good, jti: 7 }],
    ['without events', without('events')],
    ['with another event', { ...good, events: { 'http://schemas.openid.net/event/other': {} } }],
    ['with events that are none', { ...good, events: {} }],
    ['with events in a list', { ...good, events: [LOGOUT_EVENT] }],
    ['with events as text', { ...good, events: LOGOUT_EVENT }],
    ['with events that are null', { ...good, events: null }],
    ['with an event that is no object', { ...good, events: { [LOGOUT_EVENT]: true } }],
    ['with an event that is a list', { ...good, events: { [LOGOUT_EVENT]: [] } }],
    ['with an event that is null', { ...good, events: { [LOGOUT_EVENT]: null } }],
    ['with a nonce', { ...good, nonce: 'n' }],
    ['with a nonce that is null', { ...good, nonce: null }],
    ['with neither sub nor sid', { ...without('sub'), sid: undefined }],
    ['with a sub that is a number', { ...good, sub: 1 }],
    ['with an empty sub', { ...good, sub: '' }],
    ['with a sub of 256 characters', { ...good, sub: 'x'.repeat(256) }],
    ['with a sub with a line break', { ...good, sub: 'a\nb' }],
    ['with a sid that is a number', { ...without('sub'), sid: 1 }],
    ['with an empty sid', { ...good, sid: '' }],
  ])('%s', async (_what, claims) => {
    expect((await refusal(await sign(key, claims))).signed).toBe(true);
  });

  it.each(['at+jwt', 'dpop+jwt', 'secevent+jwt', '', 'application/at+jwt', 'x/logout+jwt'])(
    'of the type %j',
    async (typ) => {
      await refusal(await sign(key, good, { typ }));
    },
  );

  it('with a type that is no text', async () => {
    const payload = Buffer.from(JSON.stringify(good));
    const header = { alg: 'RS256', kid: 'k1', typ: ['logout+jwt'] as unknown as string };
    await refusal(await new CompactSign(payload).setProtectedHeader(header).sign(key.privateKey));
  });

  it('with the signature of a stranger', async () => {
    expect((await refusal(await sign(stranger, good))).signed).toBe(false);
  });

  it('with a changed body', async () => {
    const [header, , signature] = (await sign(key, good)).split('.');
    await refusal([header, encode({ ...good, sub: 'mallory' }), signature].join('.'));
  });

  it.each(['none', 'None', 'NONE'])('with alg %s', async (alg) => {
    const error = await refusal(`${encode({ alg })}.${encode(good)}.`);
    expect(error.signed).toBe(false);
    await refusal(`${encode({ alg })}.${encode(good)}.`, { algs: [] });
  });

  it('with an algorithm that is not pinned, by a key of the provider', async () => {
    await refusal(await sign(elliptic, good));
    await judge(await sign(elliptic, good), { algs: ['ES256'] });
  });

  it('with HS256, by the public key or the client secret', async () => {
    const pem = createPublicKey({ key: key.jwk as KeyObject['asymmetricKeyType'] & object, format: 'jwk' });
    const secrets = [pem.export({ format: 'pem', type: 'spki' }) as string, 'the client secret of this app'];
    for (const secret of secrets) {
      const symmetric = await importJWK({ kty: 'oct', k: encode(secret) }, 'HS256');
      const token = await new CompactSign(Buffer.from(JSON.stringify(good)))
        .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
        .sign(symmetric);
      await refusal(token);
    }
  });

  it.each(['', 'x', '..', 'a.b.c', 'a.b.c.d.e', '{}', `${'x'.repeat(30_000)}`])(
    'that is none at all (%#)',
    async (token) => {
      await refusal(token);
    },
  );

  it('but not when the keys cannot be had: then nothing is known about it', async () => {
    const keys = () => Promise.reject(new ProviderUnavailableError('provider_unavailable', 'No keys.'));
    const error = await judge(await sign(key, good), { keys }).catch((reason: unknown) => reason);
    expect(isOAuthLoginError(error) && error.status).toBe(503);
  });
});

describe('tokens of the two kinds', () => {
  const asIdToken = { accessToken: 'x', policy: { algs: [], nonce: 'if-present', audiences: [] } } as const;

  it('a logout token is no id_token, whatever its type, even where no nonce is due', async () => {
    for (const header of [{}, { typ: 'JWT' }, { typ: 'logout+jwt' }]) {
      const judged = verifyIdToken(await sign(key, good, header), { ...expectation(), ...asIdToken });
      await expect(judged).rejects.toMatchObject({ code: 'id_token_invalid' });
    }
  });

  it('nor is it after a refresh, where it would have the right subject', async () => {
    const previous = { iss: good.iss, sub: good.sub };
    const judged = verifyIdToken(await sign(key, good), { ...expectation(), ...asIdToken, previous });
    await expect(judged).rejects.toMatchObject({ code: 'id_token_invalid' });
  });

  it('an id_token is no logout token, with or without a nonce', async () => {
    const { events: _none, ...claims } = good;
    await refusal(await sign(key, { ...claims, nonce: 'n' }));
    await refusal(await sign(key, claims));
    const { events: _events, ...same } = { ...good, nonce: 'n' };
    await verifyIdToken(await sign(key, same), { ...expectation(), ...asIdToken, nonce: 'n' });
  });
});
