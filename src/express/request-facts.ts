import type { TLSSocket } from 'node:tls';
import type { Request, Response } from 'express';
import { isLoopbackHost } from '../config.js';
import { ConfigurationError } from '../errors.js';
import { parseReturnTo } from '../login/return-to.js';
import { answerHeaders } from '../page.js';
import { LoginSessionStore } from './session-store.js';

/**
 * The public origin of the app: as configured, else as this request shows it (`trust proxy` honoured).
 *
 * @throws ConfigurationError when it is neither https nor loopback, so that no login begins that could be overheard.
 */
export function publicOrigin(req: Request, configured: string | undefined): string {
  const origin = configured ?? requestOrigin(req);
  const url = new URL(origin);
  const secure = url.protocol === 'https:';
  if (!secure && !isLoopbackHost(url.hostname)) {
    throw new ConfigurationError(
      'insecure_transport',
      "The app is reached over plain http. Serve it over https; behind a proxy that does, call app.set('trust proxy', …) and give oauthRouter its `baseUrl`.",
    );
  }
  const ours = req.sessionStore instanceof LoginSessionStore;
  // Only where it is not ours: ours is not to be woken for that. Its option `proxy` lets express-session believe a header.
  const saysHttps = /^\s*https\s*(?:,|$)/i.test(req.get('x-forwarded-proto') ?? '');
  if (!ours && !req.secure && !saysHttps && req.session?.cookie?.secure === true) {
    throw new ConfigurationError(
      'insecure_transport',
      "The cookie of your session is Secure, but Express sees a plain http request: express-session would never set it, and every login would begin anew. Behind a proxy, say app.set('trust proxy', …); on your own machine, give the session cookie { secure: 'auto' }.",
    );
  }
  if (secure && !req.secure && ours) {
    throw new ConfigurationError(
      'insecure_transport',
      "`baseUrl` is https, but Express sees a plain http request, so no Secure cookie can be set. Behind a proxy, call app.set('trust proxy', …).",
    );
  }
  return origin;
}

/** Whether a request came over TLS to this process. Requests that Node's `http` did not make may have no socket. */
export function isEncrypted(req: Request): boolean {
  return (req.socket as Partial<TLSSocket> | undefined)?.encrypted === true;
}

function requestOrigin(req: Request): string {
  // Express 4 strips the port from `req.hostname`, so the header is read here, by Express' own rule of trust.
  const trusted = (req.app.get('trust proxy fn') as (address: string | undefined, hop: number) => boolean)(
    req.socket.remoteAddress,
    0,
  );
  const forwarded = trusted ? req.get('x-forwarded-host')?.split(',')[0] : undefined;
  const origin = `${req.protocol}://${forwarded ?? req.get('host')}`;
  if (URL.canParse(origin)) {
    const url = new URL(origin);
    if (url.href === `${url.origin}/`) return url.origin;
  }
  throw new ConfigurationError(
    'missing_option',
    'The request has no usable Host header. Give oauthRouter its `baseUrl`.',
  );
}

/** The path that this request asks for, if a browser can be sent there again. */
export function requestedPath(req: Request): string | undefined {
  const target = req.originalUrl;
  if (target.startsWith('/') || !URL.canParse(target)) return parseReturnTo(target);
  // A proxy may put the origin before the path [RFC 9112 3.2.2].
  const { host, pathname, search } = new URL(target);
  return host === req.get('host') ? parseReturnTo(pathname + search) : undefined;
}

/**
 * The path under which the router, or the part of the app that holds it, is mounted; usually empty. Where that is a
 * pattern, the browser chooses: what would lead elsewhere counts as empty.
 */
export function mountPath(req: Request): string {
  // What follows begins with a slash: after another one it would name a host.
  return req.baseUrl === '' ? '' : (parseReturnTo(req.baseUrl) ?? '').replace(/\/+$/, '');
}

/** Whether a person is waiting for a page in a browser. */
export function isNavigation(req: Request): boolean {
  if (req.method !== 'GET') return false;
  if (req.get('x-requested-with') !== undefined) return false;
  const mode = req.get('sec-fetch-mode');
  if (mode !== undefined && mode !== 'navigate') return false;
  return req.accepts(['json', 'html']) === 'html';
}

/** Whether the client asks for JSON rather than for a page. */
export function wantsJson(req: Request): boolean {
  return req.accepts(['html', 'json']) === 'json';
}

/** Whether a browser asks ahead of its user: that must not begin anything. */
export function isPrefetch(req: Request): boolean {
  const purpose = `${req.get('sec-purpose') ?? ''} ${req.get('purpose') ?? ''} ${req.get('x-moz') ?? ''}`;
  return /prefetch|prerender|preview/i.test(purpose);
}

/** Whether the answer would be shown as a page, and not as an image, a script or inside a frame. */
export function isForPage(req: Request): boolean {
  const destination = req.get('sec-fetch-dest');
  return destination === undefined || destination === 'document' || destination === 'empty';
}

/**
 * Whether a browser is here because its user goes here, from whatever page: not ahead of the user, and not behind the
 * user's back, for a frame, an image or a script of another site.
 */
export function isVisit(req: Request): boolean {
  if (isPrefetch(req) || !isForPage(req)) return false;
  const site = req.get('sec-fetch-site');
  const isOurs = site === undefined || site === 'same-origin' || site === 'none';
  return isOurs || (req.get('sec-fetch-mode') ?? 'navigate') === 'navigate';
}

/**
 * Whether a request that changes state comes from our own pages: Fetch Metadata, else the Origin header. A client
 * that sends neither is no browser, and no browser can be tricked into leaving out both.
 */
export function isFromOurPages(req: Request, origin: string): boolean {
  const site = req.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const from = req.get('origin');
  return from === undefined || from === origin;
}

/** Nothing that we answer about a login belongs in a cache, and its URL is nobody's business. */
export function setAnswerHeaders(res: Response): void {
  res.set(answerHeaders);
}

/** Sends a browser elsewhere. Express' own `redirect` negotiates the format of a page that no browser shows. */
export function redirect(res: Response, status: 302 | 303, url: string): void {
  res.status(status).location(url).end();
}
