import { randomBytes } from 'node:crypto';
import type { Request } from 'express';
import { AuthorizationDeniedError } from '../errors.js';
import type { NewLogin } from '../login/login.js';
import { namesInClaims, removeFromIndex } from '../logout/login-names.js';
import type { LoginRecord } from '../tokens/login-record.js';
import type { ProviderClient } from '../wire/client.js';
import { beginLogin } from './begin-login.js';
import { type Mounted, toLogin } from './request-logins.js';
import type { SessionLogin } from './session-data.js';

/** Asks the app, keeps the tokens, and gives the session its new id. */
export async function acceptLogin(
  { runtime, services }: Mounted,
  client: ProviderClient,
  req: Request,
  { user, tokens, proofKey, claims, issuedAt, assertion }: NewLogin,
): Promise<SessionLogin> {
  const { config } = runtime;
  const { name, issuerId } = client.provider;
  const loggedInAt = Date.now();
  const login: SessionLogin = {
    id: randomBytes(18).toString('base64url'),
    sub: user.sub,
    user,
    scope: tokens.scope,
    ...(tokens.expiresAt !== undefined && { expiresAt: tokens.expiresAt }),
    loggedInAt,
    issuer: issuerId,
    ...namesInClaims({ provider: name, issuer: issuerId, sub: user.sub }, claims),
  };
  const record: LoginRecord = {
    id: login.id,
    version: 1,
    provider: name,
    sub: user.sub,
    endsAt: loggedInAt + services.absoluteLifetime,
    tokens,
    ...(proofKey && { proofKey }),
    ...(claims && { claims }),
    ...(assertion && { assertion }),
  };
  try {
    await config.onLogin?.(toLogin(name, login), { req, tokens });
  } catch (error) {
    // Nobody will use these tokens.
    services.revocations.revoke(record);
    throw asVeto(error);
  }
  try {
    const created = services.records.create(record);
    // It may fail before anybody waits for it. Nobody is answered before the session is again what it was.
    created.catch(() => {});
    const { keepSessionData } = config;
    await beginLogin(req, services, { provider: name, login, created, issuedAt, keepSessionData });
  } catch (error) {
    // The login failed: no session has it, and nobody will use its tokens.
    services.records.remove(login.id).catch(() => {});
    removeFromIndex(services.index, name, login);
    services.revocations.revoke(record);
    throw error;
  }
  return login;
}

/** An error that brings its own status is the app's answer; any other is a veto. */
function asVeto(error: unknown): unknown {
  const status = (error as { status?: unknown } | null)?.status;
  if (typeof status === 'number') return error;
  return new AuthorizationDeniedError('login_vetoed', 'This user may not log in here.', { cause: error });
}
