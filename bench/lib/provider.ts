/** The process of the provider. What it takes beyond the lab's: as many users as there are, and tokens of a usual size. */
import { createHash, KeyObject, randomBytes, sign } from 'node:crypto';
import { startLab } from '../../src/testing/index.js';
import { users } from '../../src/testing/oidc/users.js';
import { signingKeys } from '../../src/testing/signing.js';
import type { LabUser } from '../../src/testing/types.js';
import type { Answers, Question, TokenSizes } from './provider-process.js';

/** Characters: a JWT with a few scopes and roles, and an id_token with name, address and picture. */
const ACCESS_TOKEN = 1229;
const ID_TOKEN = 1024;

const lab = await startLab({ providers: ['oidc'] });
const oidc = lab.provider('oidc');
const { privateKey } = await signingKeys('lab-oidc');
const key = KeyObject.from(privateKey);
const crowd = users as LabUser[];

let sizes: TokenSizes = { accessToken: 0, idToken: 0, refreshToken: 0 };
let expired = 0;

// The provider's own access tokens are short and opaque, and its id_tokens hold the subject only.
function enlarge(answer: Record<string, unknown>): void {
  if (typeof answer.access_token !== 'string') return;
  answer.access_token += noise(ACCESS_TOKEN - answer.access_token.length);
  answer.id_token = withProfile(String(answer.id_token), String(answer.access_token));
  if (expired > 0) {
    expired -= 1;
    answer.expires_in = 1;
  }
  sizes = {
    accessToken: String(answer.access_token).length,
    idToken: String(answer.id_token).length,
    refreshToken: String(answer.refresh_token ?? '').length,
  };
}
oidc.alter('token', enlarge, Number.POSITIVE_INFINITY);

/** The same id_token with the claims of a profile and of this size, signed anew. */
function withProfile(idToken: string, accessToken: string): string {
  const [header = '', payload = ''] = idToken.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const user = crowd.find(({ sub }) => sub === claims.sub);
  Object.assign(claims, user?.claims);
  if (claims.at_hash) {
    claims.at_hash = createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url');
  }
  const short = ID_TOKEN - 342 - header.length - 2 - base64url(JSON.stringify(claims)).length;
  const filler = Math.floor((short * 3) / 4) - ',"zoneinfo":""'.length;
  if (filler > 0) claims.zoneinfo = noise(filler);
  const signed = `${header}.${base64url(JSON.stringify(claims))}`;
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`;
}

/** So many characters that no compression makes shorter than what they are made of. */
function noise(length: number): string {
  return randomBytes(Math.max(0, length)).toString('base64url').slice(0, Math.max(0, length));
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function addUser(): void {
  const id = `user-${crowd.length}`;
  const sub = createHash('sha256').update(id).digest('hex').slice(0, 36);
  const name = `User Number ${crowd.length}`;
  const picture = `https://example.com/pictures/${id}.png`;
  crowd.push({
    id,
    sub,
    name,
    note: '',
    claims: { name, email: `${id}@example.com`, email_verified: true, picture },
  });
}

const refreshes = { asked: 0, refused: 0 };
oidc.onRequest((request) => {
  if (request.grant !== 'refresh_token') return;
  refreshes.asked += 1;
  if (request.status !== 200) refreshes.refused += 1;
});
// The log of the requests is of no use here, and holds a lot.
setInterval(() => oidc.clearRequests(), 1000).unref();

const answers: Answers = {
  register(uri) {
    oidc.registerRedirectUri(uri);
    return null;
  },
  users(count) {
    while (crowd.length < count) addUser();
    return crowd.slice(0, count).map(({ id, sub }) => ({ id, sub }));
  },
  expire(count) {
    expired = count;
    return null;
  },
  slow(is) {
    oidc.clearFaults();
    oidc.alter('token', enlarge, Number.POSITIVE_INFINITY);
    if (is) oidc.slow('token', 100, Number.POSITIVE_INFINITY);
    return null;
  },
  refreshes() {
    const told = { ...refreshes };
    Object.assign(refreshes, { asked: 0, refused: 0 });
    return told;
  },
  sizes: () => sizes,
};

process.on('message', ({ id, name, argument }: Question) => {
  process.send?.({ id, answer: (answers[name] as (argument: unknown) => unknown)(argument) });
});
process.on('disconnect', () => process.exit());

const { clientId, clientSecret } = oidc.clients.web;
process.send?.({ issuer: oidc.endpoints.issuer, endpoints: oidc.endpoints, clientId, clientSecret });
