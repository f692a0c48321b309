import type { Request, Response } from 'express';
import { ConfigurationError, errorCodes } from '../errors.js';
import { startLogin } from '../login/login.js';
import { parseReturnTo, withReturnTo } from '../login/return-to.js';
import { hasLoginPage } from '../provider.js';
import { ensureBrowser } from './browser-cookie.js';
import { publicOrigin, redirect, setAnswerHeaders } from './request-facts.js';
import type { RequestLogins } from './request-logins.js';
import type { Runtime } from './runtime.js';
import type { LoginUrlOptions, RedirectToLoginOptions } from './types.js';

/** Where a login begins: the login route of a provider, the choice among them, or the app's own page. */
export function loginUrl(logins: RequestLogins, { provider, returnTo: wanted }: LoginUrlOptions): string {
  const { runtime, mountPath } = logins.mountedFor(provider);
  const { basePath, loginPage, origin } = runtime.config;
  const returnTo = parseReturnTo(wanted, origin);
  const name = provider ?? onlyProvider(runtime);
  const at = name === undefined ? undefined : logins.client(name).provider;
  // Where the app itself vouches for its users, its own page is the one to go to.
  if (at && !hasLoginPage(at) && loginPage !== undefined) {
    return mountPath + withReturnTo(loginPage, returnTo);
  }
  return withReturnTo(`${mountPath}${basePath}/login${name === undefined ? '' : `/${name}`}`, returnTo);
}

/** Opens a transaction and sends the browser to the provider; where no provider is the one, to where a login begins. */
export async function redirectToLogin(
  req: Request,
  res: Response,
  logins: RequestLogins,
  { provider, returnTo, params }: RedirectToLoginOptions,
): Promise<void> {
  const { runtime, services, mountPath } = logins.mountedFor(provider);
  const { config, emit } = runtime;
  const name = provider ?? onlyProvider(runtime);
  if (name === undefined) {
    if (params === undefined) return leadTo(res, loginUrl(logins, { provider, returnTo }));
    throw new ConfigurationError(
      'missing_option',
      'redirectToLogin: `params` need a `provider`, as there are several. Give its name.',
    );
  }
  const client = logins.client(name);
  if (!hasLoginPage(client.provider)) {
    if (params === undefined && config.loginPage !== undefined) {
      return leadTo(res, loginUrl(logins, { provider, returnTo }));
    }
    throw new ConfigurationError(
      'invalid_option',
      `redirectToLogin: the provider '${name}' has no login page. Give oauthRouter your own as \`loginPage\`, and no \`params\` here.`,
    );
  }
  const origin = publicOrigin(req, config.origin);
  const startedAt = Date.now();
  let url: URL;
  try {
    url = await startLogin(client, services.transactions, {
      browser: ensureBrowser(req, res, origin.startsWith('https:')),
      redirectUri: client.provider.redirectUri ?? `${origin}${mountPath}${config.basePath}/callback/${name}`,
      returnTo: parseReturnTo(returnTo, origin) ?? config.afterLogin,
      ...(params && { params }),
    });
  } catch (error) {
    const duration = Date.now() - startedAt;
    emit({ type: 'login.failed', provider: name, ...errorCodes(error), duration });
    throw error;
  }
  emit({ type: 'login.started', provider: name });
  leadTo(res, url.href);
}

function leadTo(res: Response, url: string): void {
  setAnswerHeaders(res);
  redirect(res, 302, url);
}

function onlyProvider({ config: { providers } }: Runtime): string | undefined {
  return providers.length === 1 ? providers[0]?.name : undefined;
}
