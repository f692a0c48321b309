import type { User } from '../login/user.js';
import type { SessionLogin, SessionLogins } from './session-data.js';

type Values = Record<string, unknown>;

/**
 * A login as the text of a session holds it: of its user only what the rest of the login does not tell. Every request
 * reads this text, and every session takes room in Redis.
 */
interface PackedLogin extends Omit<SessionLogin, 'user'> {
  user: Values & { claims: Values };
  /** What the rest would tell of the user, or of the claims, and is not so. */
  lacks?: readonly string[];
}

export type PackedLogins = Record<string, PackedLogin>;

export function packLogins(logins: SessionLogins): PackedLogins {
  return Object.fromEntries(
    Object.entries(logins).map(([provider, login]) => [provider, pack(provider, login)]),
  );
}

/** Takes what was just parsed, and changes it. */
export function unpackLogins(packed: PackedLogins): SessionLogins {
  for (const provider of Object.keys(packed)) unpack(provider, packed[provider] as PackedLogin);
  return packed as unknown as SessionLogins;
}

function pack(provider: string, { user, ...login }: SessionLogin): PackedLogin {
  const claims = shorten(user.claims, toldOfClaims(login));
  const own = shorten({ ...user }, toldOfUser(provider, login, user.claims));
  const lacks = [...own.lacks, ...claims.lacks.map((name) => `claims.${name}`)];
  return { ...login, user: { ...own.rest, claims: claims.rest }, ...(lacks.length > 0 && { lacks }) };
}

function unpack(provider: string, login: PackedLogin): void {
  const { lacks = [], user } = login;
  if (login.lacks) delete login.lacks;
  const claims = complete(user.claims, toldOfClaims(login), (name) => lacks.includes(`claims.${name}`));
  const told = toldOfUser(provider, login, claims);
  login.user = { ...complete(user, told, (name) => lacks.includes(name)), claims };
}

function toldOfClaims({ sub, issuer }: Pick<SessionLogin, 'sub' | 'issuer'>): Values {
  return { sub, iss: issuer };
}

function toldOfUser(provider: string, { sub }: Pick<SessionLogin, 'sub'>, claims: User['claims']): Values {
  const { name, email, picture } = claims;
  return { provider, sub, name, email, picture };
}

function shorten(values: Values, told: Values): { rest: Values; lacks: string[] } {
  const rest = Object.entries(values).filter(([name, value]) => !(name in told && told[name] === value));
  const lacks = Object.keys(told).filter((name) => told[name] !== undefined && values[name] === undefined);
  return { rest: Object.fromEntries(rest), lacks };
}

function complete(values: Values, told: Values, isLacking: (name: string) => boolean): Values {
  const completed: Values = {};
  for (const name in told) if (told[name] !== undefined && !isLacking(name)) completed[name] = told[name];
  // Not `Object.assign`, for which `__proto__` is more than a name.
  return { ...completed, ...values };
}
