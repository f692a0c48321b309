import { halfHash, sign } from '../unit/wire/signing.js';
import {
  wrongAcr,
  wrongAuthTime,
  wrongClaims,
  wrongEssentialAcr,
  wrongEssentialAuthTime,
} from './cases/id-token-claims.js';
import { forgeries, noTokens, unknownKeys } from './cases/id-token-forgeries.js';
import { accepts, type LoginCase, type Row, refuses, table } from './support/cases.js';
import { openIdDialects } from './support/dialects.js';
import { CLIENT_ID, type Script } from './support/provider.js';
import { useStage } from './support/stage.js';
import type { Refusal } from './support/verdict.js';

const stage = useStage();

const now = () => Math.floor(Date.now() / 1000);
const script = (source: string, rows: Row<Script>[]) => table(source, rows, (one) => ({ script: one }));

const good: LoginCase[] = [
  ...script('OIDC Core 3.1.3.7', [
    ['base', 'is as it should be', {}],
    ['aud-list', 'is for us, in a list', { claims: { aud: [CLIENT_ID] } }],
    ['azp-ours', 'was asked for by us', { claims: { azp: CLIENT_ID } }],
    ['clock-behind', 'expired 20 s ago, as clocks differ', { claims: () => ({ exp: now() - 20 }) }],
    ['clock-ahead', 'was issued in 20 s, as clocks differ', { claims: () => ({ iat: now() + 20 }) }],
    [
      'at-hash',
      'has the hash of its access token',
      {
        idToken: ({ key, claims, accessToken }) =>
          sign(key, { ...claims, at_hash: halfHash(accessToken, 256) }),
      },
    ],
  ]),
  ...script('RFC 7519 4 and 5', [
    ['typ-jwt', 'calls itself a JWT', { header: { typ: 'JWT' } }],
    ['kid-absent', 'names no key, where there is one', { header: { kid: undefined } }],
    [
      'jku-unasked',
      'is well signed, and names a URL that nobody asks',
      { header: { jku: 'https://evil.example/' } },
    ],
    ['claims-markup', 'has markup in its claims', { claims: { name: '<script>alert(1)</script>' } }],
    [
      'claims-members',
      'has claims that are named as members of objects',
      { claims: { constructor: 'x', toString: 'x' } },
    ],
  ]),
];
const asking = (cases: LoginCase[], authorizationParams: Record<string, string>) =>
  cases.map((one) => ({ ...one, options: { authorizationParams } }));
const claims = (id_token: object) => JSON.stringify({ id_token });
const maxAge = { max_age: '60' };
const essentialAuthTime = { claims: claims({ auth_time: { essential: true } }) };
const essentialAcr = { claims: claims({ acr: { essential: true } }) };
const acrTwice = { acr_values: 'b c', claims: claims({ acr: { essential: true, values: ['a', 'b'] } }) };

describe.each(openIdDialects)('an id_token of $name', (dialect) => {
  // openid-client may be the one that refuses, and gives fewer reasons.
  const refusal: Refusal = { code: ['id_token_invalid', 'provider_protocol'], after: 'token' };
  accepts(stage, dialect, good);
  refuses(stage, dialect, [...wrongClaims, ...forgeries, ...noTokens, ...unknownKeys], refusal);
  refuses(stage, dialect, asking(wrongAuthTime, maxAge), refusal);
  refuses(stage, dialect, asking(wrongEssentialAuthTime, essentialAuthTime), refusal);
  const tooWeak: Refusal = {
    code: 'insufficient_user_authentication',
    status: 403,
    after: 'token',
  };
  refuses(stage, dialect, asking(wrongEssentialAcr, essentialAcr), tooWeak);
  refuses(stage, dialect, asking(wrongAcr, acrTwice), tooWeak);
  accepts(stage, dialect, [
    ...asking(
      script('OIDC Core 3.1.3.7 (13)', [['auth-time', 'is of a user who was just there', {}]]),
      maxAge,
    ),
    ...asking(
      script('OIDC Core 5.5.1', [
        ['auth-time-essential', 'says when the user was there, which is essential', {}],
      ]),
      essentialAuthTime,
    ),
    ...asking(
      script('OIDC Core 5.5.1.1', [
        ['acr-essential', 'says how the user proved who they are', { claims: { acr: '0' } }],
      ]),
      essentialAcr,
    ),
    ...asking(
      script('OIDC Core 5.5.1.1', [
        ['acr-both', 'has what both acr_values and claims ask for', { claims: { acr: 'b' } }],
      ]),
      acrTwice,
    ),
  ]);

  const noNonce = script('OIDC Core 3.1.3.7 (11)', [
    ['nonce-missing', 'has no nonce', { claims: { nonce: undefined } }],
  ]);
  // The documents of Alibaba Cloud promise none.
  if (dialect.name === 'aliyun') accepts(stage, dialect, noNonce);
  else refuses(stage, dialect, noNonce, refusal);
});
