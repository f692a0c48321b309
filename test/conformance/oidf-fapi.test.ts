import { accepts, type LoginCase, type Row, refuses, table } from './support/cases.js';
import { type DialectUnderTest, dialects } from './support/dialects.js';
import { jws, signed, type TokenParts } from './support/forge.js';
import { CLIENT_ID } from './support/provider.js';
import { type Attempt, useStage } from './support/stage.js';

/** The modules of the OpenID Foundation for clients by FAPI 2.0, as far as they are about what a client must refuse. */
const stage = useStage();
const [oidc] = dialects as [DialectUnderTest];
const now = () => Math.floor(Date.now() / 1000);

const fapi = (rows: Row<Attempt>[]): LoginCase[] =>
  table(
    'OIDF FAPI 2.0',
    rows.map(([id, does, attempt]) => [`fapi2-client-test-${id}`, does, attempt]),
    (attempt) => attempt,
  );
const claims = (change: object): Attempt => ({ script: { claims: change } });
const token = (idToken: (parts: TokenParts) => unknown): Attempt => ({ script: { idToken } });

const refusal = { code: ['id_token_invalid', 'provider_protocol'], after: 'token' } as const;

describe('a FAPI 2.0 login', () => {
  const promised = { metadata: { authorization_response_iss_parameter_supported: true } };
  /** With the issuer in its callback, as is promised. */
  const withIssuer = (one: LoginCase): LoginCase => ({
    ...one,
    fresh: true,
    script: { ...promised, ...one.script },
    callback: (params) => {
      params.set('iss', stage().provider(oidc).url);
      one.callback?.(params);
    },
  });

  accepts(
    stage,
    oidc,
    fapi([
      ['happypath', 'does all as it should', {}],
      ['valid-aud-as-array', 'is for us, in a list', claims({ aud: [CLIENT_ID] })],
      [
        'token-type-case-insensitivity',
        'writes the type of the token in another case',
        { script: { token: { token_type: 'bEARER' } } },
      ],
      [
        'no-expires-in',
        'does not say how long the token lives',
        { script: { token: { expires_in: undefined } } },
      ],
    ]).map(withIssuer),
  );

  refuses(
    stage,
    oidc,
    fapi([
      [
        'remove-authorization-response-iss',
        'leaves the issuer out of the callback',
        { callback: (params) => params.delete('iss') },
      ],
      [
        'invalid-authorization-response-iss',
        'names another issuer in the callback',
        { callback: (params) => params.set('iss', 'https://another.example') },
      ],
    ]).map(withIssuer),
    { code: 'issuer_mismatch', status: 400 },
  );

  refuses(
    stage,
    oidc,
    fapi([
      [
        'authorization-response-with-invalid-state',
        'has another state in the callback',
        { callback: (params) => params.set('state', 'x'.repeat(43)) },
      ],
    ]).map(withIssuer),
    { code: 'transaction_unknown', status: 400, leaves: 'the open transaction' },
  );
  refuses(
    stage,
    oidc,
    fapi([
      [
        'authorization-response-with-missing-state',
        'has no state in the callback',
        { callback: (params) => params.delete('state') },
      ],
    ]).map(withIssuer),
    { code: 'callback_malformed', status: 400, leaves: 'the open transaction' },
  );

  refuses(
    stage,
    oidc,
    fapi([
      ['invalid-aud', 'is for another client', claims({ aud: 'another' })],
      ['invalid-secondary-aud', 'is for us and another client', claims({ aud: [CLIENT_ID, 'another'] })],
      ['invalid-null-alg', 'is signed by nobody', token(({ claims: all }) => jws({ alg: 'none' }, all))],
      [
        'invalid-alternate-alg',
        'is signed with another algorithm',
        token((parts) => signed(parts, { alg: 'RS512' })),
      ],
      ['invalid-expired-exp', 'has expired', claims({ exp: now() - 300 })],
      ['invalid-missing-aud', 'is for nobody', claims({ aud: undefined })],
      ['invalid-missing-exp', 'never expires', claims({ exp: undefined })],
      ['invalid-iss', 'names another issuer', claims({ iss: 'https://another.example' })],
      ['invalid-missing-iss', 'names no issuer', claims({ iss: undefined })],
      ['invalid-nonce', 'has another nonce', claims({ nonce: 'another' })],
      ['invalid-missing-nonce', 'has no nonce', claims({ nonce: undefined })],
    ]).map(withIssuer),
    refusal,
  );
});
