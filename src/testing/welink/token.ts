import { isSame } from '../client-secret.js';
import { type Answer, type Call, json } from '../http.js';
import { type Parameters, readForm, readParameters } from '../parameters.js';
import { checkVerifier } from '../pkce.js';
import { Refusal } from '../refusal.js';
import type { Grant, TokenBook } from '../token-book.js';
import { checkLength, complain } from './errors.js';
import type { WelinkGround } from './ground.js';

const known = ['grant_type', 'code', 'client_id', 'client_secret', 'redirect_uri', 'state'];

/** The token endpoint. There are no refresh tokens, so this is about codes only. */
export function token(call: Call, ground: WelinkGround, book: TokenBook): Answer {
  const { settings } = ground;
  const parameters = readRequest(call, settings.acceptQuery);
  parameters.only(settings.acceptPkce ? [...known, 'code_verifier'] : known);
  checkForm(parameters);
  checkClient(parameters, ground);
  const grant = redeem(parameters, book);
  const { accessToken, expiresIn } = book.issue(grant);
  const state = parameters.optional('state');
  return json(200, {
    code: '60001',
    ...(state !== undefined && { state }),
    message: 'success',
    token_type: 'bearer',
    expires_in: settings.expiresInAsString ? String(expiresIn) : expiresIn,
    access_token: accessToken,
  });
}

/** The documents say it is a form, and then show the parameters in the query of a POST. */
function readRequest(call: Call, acceptQuery: boolean): Parameters {
  const isQuery = acceptQuery && call.url.search !== '' && call.body.length === 0;
  return isQuery ? readParameters(call.url.searchParams, complain) : readForm(call, complain);
}

function checkForm({ optional }: Parameters): void {
  if (optional('grant_type') !== 'authorization_code') {
    throw new Refusal('60013', 'grant_type must be authorization_code');
  }
  if ((optional('code') ?? '') === '') throw new Refusal('60003', 'code is empty');
  checkLength('code', optional('code'), 2000, '60002');
  checkLength('client_id', optional('client_id'), 255, '60004');
  checkLength('client_secret', optional('client_secret'), 255, '60005');
  checkLength('state', optional('state'), 255, '60006');
}

function checkClient({ optional }: Parameters, { clients: { web } }: WelinkGround): void {
  const isWeb = optional('client_id') === web.clientId;
  if (isWeb && isSame(web.clientSecret, optional('client_secret') ?? '')) return;
  throw new Refusal('60010', 'client_id or client_secret is wrong');
}

function redeem({ required, optional }: Parameters, book: TokenBook): Grant {
  const code = required('code');
  if (book.codeHasExpired(code)) throw new Refusal('60007', 'the code has expired');
  const grant = book.grantOfCode(code);
  if (grant === undefined) throw new Refusal('60008', 'the code is unknown or used');
  if (domainOf(optional('redirect_uri')) !== domainOf(grant.redirectUri)) {
    throw new Refusal('60019', 'redirect_uri is not on the domain of the authorization request');
  }
  checkVerifier(optional('code_verifier'), grant.challenge, (_, message) => new Refusal('60008', message));
  book.redeem(code);
  return grant;
}

function domainOf(uri = ''): string | undefined {
  return URL.canParse(uri) ? new URL(uri).hostname : undefined;
}
