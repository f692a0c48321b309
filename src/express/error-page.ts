import type { ErrorRequestHandler, Request } from 'express';
import { OptionReader } from '../config.js';
import { isOAuthLoginError, type OAuthLoginError } from '../errors.js';
import { logText } from './error-log.js';
import { errorPage } from './pages.js';
import { requestedPath, setAnswerHeaders, wantsJson } from './request-facts.js';

/** What a user can make of a status. */
const titles: Readonly<Record<number, string>> = {
  400: 'This login has expired',
  401: 'Please log in',
  403: 'Not allowed',
  500: 'This app is misconfigured',
  502: 'The login service sent an invalid response',
  503: 'Not available right now',
};

/** What stands in the place of a message that may not be shown: that of no 4xx. */
const fallbacks: Readonly<Record<number, string>> = {
  500: 'Only the people who run it can fix this.',
  502: 'Please try again later. You are still logged in if you were before.',
  503: 'Please try again in a moment. You are still logged in if you were before, unless you were logging out.',
};

/** Options of {@link oauthErrorPage}. */
export interface OAuthErrorPageOptions {
  /**
   * Takes every error that is answered, for a log of your own. Beware of `cause`, which may hold what a provider sent.
   * Default: what has to be mended goes to `console.error`, unless Express' setting `env` is `test`.
   */
  onError?: ((error: OAuthLoginError, req: Request) => void) | undefined;
}

/**
 * A ready error handler for the errors of this library: a small accessible page, JSON for JSON clients. Everything
 * else goes on to the next handler. Mount it last.
 *
 * As Express does, it prints errors of 5xx by `console.error`: the stack, and of what lies beneath names and codes, no
 * message that might hold a secret. It prints a `login_vetoed`, too, where `onLogin` seems to have failed rather than to
 * have refused: by a `TypeError` and the like, or an error that has a `code`; of that error of the app's own the whole stack. Where Express' setting `env` is
 * `development`, the page says what a `ConfigurationError` says.
 *
 * @throws ConfigurationError for options that are wrong.
 *
 * @example
 * app.use(oauthErrorPage());
 */
export function oauthErrorPage(options: OAuthErrorPageOptions = {}): ErrorRequestHandler {
  const read = new OptionReader('oauthErrorPage', options);
  const onError = read.function<NonNullable<OAuthErrorPageOptions['onError']>>('onError', 'give a function');
  read.end();
  return (error, req, res, next) => {
    if (!isOAuthLoginError(error) || res.headersSent) {
      next(error);
      return;
    }
    report(error, req, onError);
    const { status, code, headers, loginUrl, expose } = error;
    if (headers) res.set(headers);
    setAnswerHeaders(res);
    const title = titles[status] ?? 'Something went wrong';
    const fallback = fallbacks[status] ?? 'Please try again.';
    // A 500 is a ConfigurationError, which is written for who develops the app.
    const forDeveloper = status === 500 && req.app.get('env') === 'development';
    const message = expose || forDeveloper ? error.message : fallback;
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

function report(error: OAuthLoginError, req: Request, onError: OAuthErrorPageOptions['onError']): void {
  if (onError) {
    try {
      onError(error, req);
    } catch {
      // What it says may hold anything; that it failed is enough.
      process.emitWarning('The onError of oauthErrorPage failed', { code: 'EXPRESS_OAUTH_LOGIN_LISTENER' });
    }
    return;
  }
  const text = req.app.get('env') === 'test' ? undefined : logText(error);
  if (text !== undefined) console.error(text);
}
