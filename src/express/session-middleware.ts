import { randomBytes } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { sessionIdReader } from './session-cookie.js';
import { generateSession, hasSession, RequestSession, type SessionSettings } from './session-request.js';

/**
 * A session middleware that does what express-session does, with its own classes, but only as far as a request needs
 * it: a session is read when the request comes, made when somebody touches it, and saved when that changed it.
 */
export function sessionMiddleware(settings: SessionSettings): RequestHandler {
  const { name, secrets, store, cookie } = settings;
  const path = cookie.path ?? '/';
  const readSessionId = sessionIdReader(name, secrets);
  store.generate = (req) => {
    req.sessionID = newId();
    generateSession(req, settings);
  };
  return (req, res, next) => {
    if (hasSession(req) || !pathOf(req).startsWith(path)) {
      next();
      return;
    }
    const http = { req, res, next };
    const id = readSessionId(req.headers.cookie);
    if (id === undefined) {
      new RequestSession(settings, http, { cookie: undefined, first: newId() }, undefined);
      next();
      return;
    }
    store.open(id).then(
      (found) => {
        new RequestSession(settings, http, { cookie: id, first: found ? id : newId() }, found);
        next();
      },
      (error) => {
        // For the error handlers: as with express-session, they lack the session alone.
        Object.assign(req, { sessionStore: store, sessionID: id });
        next(error);
      },
    );
  };
}

/** 192 bits, in the form of express-session. */
function newId(): string {
  return randomBytes(24).toString('base64url');
}

/** The path of a request target; proxies may be asked for a whole URL [RFC 9112 3.2.2]. Only Express says `originalUrl`. */
function pathOf({ originalUrl, url }: Pick<Request, 'originalUrl' | 'url'>): string {
  const target = originalUrl || url || '/';
  if (!target.startsWith('/')) return URL.canParse(target) ? new URL(target).pathname : target;
  return target;
}
