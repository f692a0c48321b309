import type { ErrorRequestHandler } from 'express';
import { isOAuthLoginError } from '../errors.js';
import { errorPage } from './pages.js';
import { requestedPath, setAnswerHeaders, wantsJson } from './request-facts.js';

/** What a user can make of a status. An error whose message may be shown brings its own words. */
const words: Readonly<Record<number, readonly [title: string, message: string]>> = {
  400: ['This login has expired', 'Please start the login again.'],
  401: ['Please log in', 'You need to be logged in to see this.'],
  403: ['Not allowed', 'You may not do this.'],
  500: ['This app is misconfigured', 'Only the people who run it can fix this.'],
  502: [
    'The login service sent an invalid response',
    'Please try again later. You are still logged in if you were before.',
  ],
  503: [
    'Not available right now',
    'Please try again in a moment. You are still logged in if you were before.',
  ],
};

/**
 * A ready error handler for the errors of this library: a small accessible page, JSON for JSON clients. Everything
 * else goes on to the next handler. Mount it last.
 *
 * @example
 * app.use(oauthErrorPage());
 */
export function oauthErrorPage(): ErrorRequestHandler {
  return (error, req, res, next) => {
    if (!isOAuthLoginError(error) || res.headersSent) {
      next(error);
      return;
    }
    const { status, code, headers, loginUrl, expose } = error;
    if (headers) res.set(headers);
    setAnswerHeaders(res);
    const [title, fallback] = words[status] ?? ['Something went wrong', 'Please try again.'];
    const message = expose ? error.message : fallback;
    if (wantsJson(req)) {
      res
        .status(status)
        .json({ error: code, message, ...(loginUrl !== undefined && { login_url: loginUrl }) });
      return;
    }
    // A request for `//evil.example` must not become a link to that host.
    const retryUrl = loginUrl ?? (status === 503 && req.method === 'GET' ? requestedPath(req) : undefined);
    errorPage(res, status, { title, message, code, retryUrl });
  };
}
