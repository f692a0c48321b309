import type { RequestHandler } from 'express';
import { OptionReader } from '../config.js';
import { retryAfter } from '../errors.js';
import { outageReason } from '../stores/redis/outage.js';
import { setAnswerHeaders } from './request-facts.js';
import { loginsOf } from './request-oauth.js';

/** What {@link oauthHealth} answers. Nothing in it is secret. */
export interface HealthReport {
  /** Whether logins can be read and kept now, and the process wants requests. */
  readonly ready: boolean;
  readonly checks: {
    /**
     * `ok`, or why logins cannot be kept now: `timeout`, `unreachable`, or the error code of Redis in lower case, such as
     * `readonly`, `oom`, `noauth` or `clusterdown`.
     */
    readonly store: string;
    /** `closing` once `router.close()` was called: this process wants no more requests. */
    readonly router: 'ok' | 'closing';
  };
}

/** Milliseconds after which a store that does not answer counts as down. Load balancers do not wait long. */
const DEADLINE = 800;

/**
 * A readiness probe for load balancers, to be mounted behind `oauthSession` and `oauthRouter`: 200 when logins can be
 * read and written now, 503 when not, within a second, with a {@link HealthReport} as JSON. A provider that is down
 * is no reason to take this process out of service, since every other one has the same provider: it is not asked.
 *
 * @throws ConfigurationError for options: there are none.
 *
 * @example
 * app.get('/healthz', oauthHealth());
 */
export function oauthHealth(options: Record<string, never> = {}): RequestHandler {
  new OptionReader('oauthHealth', options).end();
  return (req, res, next) => {
    let probing: Promise<HealthReport['checks']>;
    try {
      probing = probe(loginsOf(req));
    } catch (error) {
      next(error);
      return;
    }
    probing.then((checks) => {
      const ready = checks.store === 'ok' && checks.router === 'ok';
      const report: HealthReport = { ready, checks };
      setAnswerHeaders(res);
      if (!ready) res.set(retryAfter(1000));
      res.status(ready ? 200 : 503).json(report);
    }, next);
  };
}

async function probe(logins: ReturnType<typeof loginsOf>): Promise<HealthReport['checks']> {
  const router = logins.closing ? 'closing' : 'ok';
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), DEADLINE);
  });
  const asked = logins.probe().then(() => 'ok', outageReason);
  const store = await Promise.race([asked, late]);
  clearTimeout(timer);
  return { store, router };
}
