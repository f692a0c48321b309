import type { RequestHandler } from 'express';

/**
 * Headers for every page: nothing but our own files, no inline script or style.
 *
 * @param formTargets origins to which a redirect may lead after a form was sent: a logout can end at the provider.
 */
export function securityHeaders(formTargets: readonly string[]): RequestHandler {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return (_req, res, next) => {
    res.set({
      'Content-Security-Policy': policy,
      'Referrer-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
    });
    next();
  };
}

/** Answers to our own names only, so that no other site can read this one under a name of its own (DNS rebinding). */
export function ownHostsOnly(origins: readonly string[]): RequestHandler {
  const hosts = origins.map((origin) => new URL(origin).host);
  return (req, res, next) => {
    if (hosts.includes(req.get('host') ?? '')) next();
    else
      res
        .status(421)
        .type('text')
        .send(`This demo is at ${origins.join(' and ')}.`);
  };
}

/** Forms of other sites change nothing here. */
export const ownFormsOnly: RequestHandler = (req, res, next) => {
  const site = req.get('sec-fetch-site') ?? 'same-origin';
  if (req.method !== 'POST' || site === 'same-origin') next();
  else res.status(403).type('text').send('This form must be sent from our own pages.');
};
