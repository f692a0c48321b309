import { errors, importJWK, type JWTPayload, type JWTVerifyResult, jwtVerify } from 'jose';

import type { Parameters } from '../parameters.js';
import type { Grant } from '../token-book.js';
import type { LabJwtClient, LabUser } from '../types.js';
import { invalid } from './errors.js';
import { domainId, type PdsGround } from './ground.js';
import { type Directory, domainItself } from './users.js';

/** The farthest that an assertion may reach ahead, in seconds. */
const longest = 300;

/** The assertions that were used already; each is good for one request. */
export class Assertions {
  readonly #used = new Set<string>();

  /** @throws Refusal if this one came before */
  use(jti: string): void {
    if (this.#used.has(jti)) throw invalid('assertion', 'jti: this assertion was used before');
    this.#used.add(jti);
  }
}

/** The grant that a JWT app asserts. */
export async function redeemAssertion(
  form: Parameters,
  { clients: { jwt } }: PdsGround,
  { directory, assertions }: { directory: Directory; assertions: Assertions },
): Promise<Grant> {
  form.only(['grant_type', 'assertion', 'client_id', 'subdomain_id']);
  const clientId = form.required('client_id');
  if (clientId !== jwt.clientId) throw invalid('client_id', 'that is not the id of a JWT app');
  const { protectedHeader, payload } = await verify(form.required('assertion'), jwt);
  const { kid } = protectedHeader;
  if (kid !== undefined && kid !== jwt.keyId) throw invalid('assertion', 'kid is unknown');
  const { userId, mayCreate, jti } = readClaims(payload);
  const user = userId === undefined ? domainItself : findUser(userId, mayCreate, directory);
  assertions.use(jti);
  return { clientId, userId: user.id, scopes: ['all'], offline: true, redirectUri: '' };
}

/** Checks the signature, the times, and who speaks to whom. The clock of the app must be right: there is no tolerance. */
async function verify(assertion: string, app: LabJwtClient): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(assertion, await importJWK(app.publicJwk, 'RS256'), {
      algorithms: ['RS256'],
      issuer: app.clientId,
      clockTolerance: 0,
      requiredClaims: ['sub', 'sub_type', 'aud', 'jti', 'exp'],
    });
  } catch (error) {
    if (error instanceof errors.JOSEError) throw invalid('assertion', error.message);
    throw error;
  }
}

interface Claims {
  /** Nothing if it speaks for the domain itself. */
  readonly userId?: string;
  readonly mayCreate: boolean;
  readonly jti: string;
}

function readClaims(payload: JWTPayload): Claims {
  const { sub, sub_type: type, aud, jti, exp = 0, iat, auto_create: mayCreate = false } = payload;
  const now = Math.floor(Date.now() / 1000);
  const flaw = [
    [aud === domainId, 'aud must be the id of the domain'],
    [type === 'user' || type === 'service', 'sub_type must be user or service'],
    [typeof sub === 'string' && sub !== '', 'sub must be a string'],
    [type !== 'service' || sub === domainId, 'sub of a service must be the id of the domain'],
    [typeof jti === 'string' && /^.{16,128}$/su.test(jti), 'jti must have 16 to 128 characters'],
    [Number.isInteger(exp), 'exp must be an integer'],
    [exp <= now + longest, `exp must be within ${longest} seconds`],
    [iat === undefined || iat <= now, 'iat is in the future'],
    [typeof mayCreate === 'boolean', 'auto_create must be a boolean'],
  ].find(([isGood]) => !isGood);
  if (flaw) throw invalid('assertion', String(flaw[1]));
  return {
    jti: String(jti),
    mayCreate: mayCreate === true,
    ...(type === 'user' && { userId: String(sub) }),
  };
}

function findUser(userId: string, mayCreate: boolean, directory: Directory): LabUser {
  const user = directory.byUserId(userId);
  if (user) return user;
  if (mayCreate) return directory.create(userId);
  throw invalid('assertion', 'sub: there is no such user');
}
