import * as client from 'openid-client';
import { settings } from './bench.js';

const { issuer, clientId, clientSecret, scope, prompt, url, variant } = settings;

/** openid-client does not verify signatures of id_tokens in the code flow unless told to. */
const execute = [client.allowInsecureRequests];
if (variant.signatureCheck !== false) execute.push(client.enableNonRepudiationChecks);

const config = await client.discovery(
  new URL(issuer),
  clientId,
  undefined,
  client.ClientSecretBasic(clientSecret),
  { execute },
);

export const redirectUri = `${url}/callback`;

/** The login of an app that was written by hand on openid-client: where to go, and what to remember meanwhile. */
export async function begin() {
  const remember = {
    state: client.randomState(),
    nonce: client.randomNonce(),
    verifier: client.randomPKCECodeVerifier(),
  };
  const to = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    state: remember.state,
    nonce: remember.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(remember.verifier),
    code_challenge_method: 'S256',
    ...(prompt && { prompt }),
  });
  return { remember, to: to.href };
}

/** The second half: the tokens for a callback. */
export function finish(req, { state, nonce, verifier }) {
  return client.authorizationCodeGrant(config, new URL(req.originalUrl, url), {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
  });
}

/** New tokens for a refresh token. */
export function refresh(refreshToken) {
  return client.refreshTokenGrant(config, refreshToken);
}
