import { parseCookie } from 'cookie';
import type { Request, Response } from 'express';
import { LOGIN_LIFETIME } from '../limits.js';
import { randomToken } from '../login/transaction.js';

const nameFor = (secure: boolean) => (secure ? '__Host-oauth-browser' : 'oauth-browser');

/** The secret by which logins are bound to this browser: one small cookie, shared by all its tabs. */
export function readBrowser(req: Request, secure: boolean): string | undefined {
  const value = parseCookie(req.headers.cookie ?? '')[nameFor(secure)];
  return value !== undefined && /^[\w-]{43}$/.test(value) ? value : undefined;
}

/** The same, set where the browser has none; kept for as long as a login that begins now may take. */
export function ensureBrowser(req: Request, res: Response, secure: boolean): string {
  const browser = readBrowser(req, secure) ?? randomToken();
  res.cookie(nameFor(secure), browser, {
    httpOnly: true,
    secure,
    sameSite: 'lax',
    path: '/',
    maxAge: LOGIN_LIFETIME,
  });
  return browser;
}
