import { isPlainObject } from '../config.js';
import { isLogin, type SessionLogin, type SessionLogins } from './session-data.js';

type Values = Record<string, unknown>;

/**
 * A login as the text of a session holds it: of its user, only what the rest of the login does not tell. Every request
 * reads this text, and every session takes room in Redis.
 */
interface PackedLogin extends Omit<SessionLogin, 'user'> {
  user: Values & { claims: Values };
  /** Members that unpacking would add although the original lacks them. */
  lacks?: { readonly user: readonly string[]; readonly claims: readonly string[] };
}

/** What apps show of a user, where the claims have it under the same name. */
const shown = ['name', 'email', 'picture'];

export type PackedLogins = Record<string, PackedLogin>;

export function packLogins(logins: SessionLogins): PackedLogins {
  return Object.fromEntries(
    Object.entries(logins).map(([provider, login]) => [provider, pack(provider, login)]),
  );
}

/** Changes what was just parsed. Another program may have written it: what is not a login is left out. */
export function unpackLogins(packed: unknown): SessionLogins {
  if (!isPlainObject(packed)) return {};
  for (const provider of Object.keys(packed)) {
    if (isLogin(packed[provider])) unpack(provider, packed[provider] as PackedLogin);
    else delete packed[provider];
  }
  return packed as unknown as SessionLogins;
}

function pack(provider: string, { user, ...login }: SessionLogin): PackedLogin {
  const told = { user: toldOfUser(provider, login, user.claims), claims: toldOfClaims(login) };
  const claims = without(user.claims, told.claims);
  const packed = { ...login, user: { ...without({ ...user }, told.user), claims } };
  const lacks = { user: lacking({ ...user }, told.user), claims: lacking(user.claims, told.claims) };
  return lacks.user.length + lacks.claims.length > 0 ? { ...packed, lacks } : packed;
}

/** In place: copying what was just parsed takes longer than parsing it. */
function unpack(provider: string, login: PackedLogin): void {
  const { user, sub, issuer, lacks } = login;
  const { claims } = user;
  if (claims.sub === undefined) claims.sub = sub;
  if (claims.iss === undefined) claims.iss = issuer;
  if (user.provider === undefined) user.provider = provider;
  if (user.sub === undefined) user.sub = sub;
  for (const name of shown) {
    if (user[name] === undefined && claims[name] !== undefined) user[name] = claims[name];
  }
  if (!lacks) return;
  for (const name of lacks.user) delete user[name];
  for (const name of lacks.claims) delete claims[name];
  delete login.lacks;
}

function toldOfClaims({ sub, issuer }: Pick<SessionLogin, 'sub' | 'issuer'>): Values {
  return { sub, iss: issuer };
}

function toldOfUser(provider: string, { sub }: Pick<SessionLogin, 'sub'>, claims: Values): Values {
  const named = shown.filter((name) => claims[name] !== undefined).map((name) => [name, claims[name]]);
  return { provider, sub, ...Object.fromEntries(named) };
}

function without(values: Values, told: Values): Values {
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) => !(Object.hasOwn(told, name) && told[name] === value)),
  );
}

function lacking(values: Values, told: Values): string[] {
  return Object.keys(told).filter((name) => values[name] === undefined);
}
