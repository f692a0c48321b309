import type { Lab } from '../../../src/testing/index.js';
import { startApp, type TestApp } from '../../support/app.js';

/** What an app answered while its store was in trouble. */
export interface Report {
  readonly answers: number;
  readonly ok: number;
  readonly unavailable: number;
  /** Answers that ended a login, or made somebody log in again, who was logged in. */
  readonly falseLogouts: readonly string[];
  /** Answers that gave a stranger what is for users. */
  readonly letThrough: readonly string[];
  /** Anything else that is not 200 or 503. */
  readonly odd: readonly string[];
  /** Milliseconds, of the slowest answer that did not wait for a refresh. */
  readonly slowest: number;
  /** Milliseconds, of the slowest answer of all. */
  readonly slowestRefresh: number;
  /**
   * Milliseconds from when the store was usable again until requests are served, and none fails any more that came
   * afterwards.
   *
   * @param usable `performance.now()` of that moment.
   * @param who users whose tokens are good, or those whose tokens must be renewed: they may have to wait until a lease
   *   ends that somebody had before the outage.
   */
  recovery(usable: number, who: 'user' | 'refreshing'): number;
}

export interface Load {
  /** Lets so many milliseconds pass. */
  run(milliseconds: number): Promise<void>;
  /** Waits for the answers under way. */
  stop(): Promise<Report>;
}

interface Answer {
  readonly who: 'user' | 'refreshing' | 'stranger';
  readonly begin: number;
  readonly end: number;
  readonly status: number;
  readonly cookie: boolean;
}

/** Milliseconds between two requests of one visitor. */
const PAUSE = 25;

/** Users who come back again and again, some of them with tokens that expire, and strangers. */
export async function startLoad(
  lab: Lab,
  app: TestApp,
  counts: { users: number; refreshing: number; strangers: number },
): Promise<Load> {
  const answers: Answer[] = [];
  let stopped = false;

  const visit = async (who: Answer['who'], path: string, cookie: string) => {
    while (!stopped) {
      const begin = performance.now();
      const answer = await fetch(app.url + path, {
        headers: { cookie, accept: 'text/html' },
        redirect: 'manual',
      });
      await answer.arrayBuffer();
      const { status, headers } = answer;
      answers.push({ who, begin, end: performance.now(), status, cookie: headers.has('set-cookie') });
      await sleep(PAUSE * (0.5 + Math.random()));
    }
  };

  const provider = lab.provider('aliyun');
  const cookies: { who: Answer['who']; path: string; cookie: string }[] = [];
  const logIn = async (who: Answer['who'], path: string) => {
    const visitor = app.visitor();
    await visitor.logIn('aliyun');
    cookies.push({ who, path, cookie: visitor.cookie });
  };
  provider.settings.accessTokenLifetime = 3600;
  for (let n = 0; n < counts.users; n++) await logIn('user', n % 2 === 0 ? '/me' : '/token');
  // Each use of a refresh token is the only one: a second refresh, or one whose tokens are lost, ends the login.
  Object.assign(provider.settings, { rotateRefreshTokens: true, reuseRevokesFamily: true, reuseGrace: 0 });
  provider.settings.accessTokenLifetime = 2;
  for (let n = 0; n < counts.refreshing; n++) await logIn('refreshing', '/token');
  const strangers = Array.from({ length: counts.strangers }, (_, n) => {
    const cookie = n % 2 === 0 ? '' : 'sid=s%3Aforged.forged';
    return { who: 'stranger' as const, path: '/me', cookie };
  });
  const visits = [...cookies, ...strangers].map(({ who, path, cookie }) => visit(who, path, cookie));
  return {
    run: sleep,
    async stop() {
      stopped = true;
      await Promise.all(visits);
      return report(answers);
    },
  };
}

/** An app whose tokens are renewed just before they expire, on the given Redis. */
export function startAppOn(lab: Lab, redis: unknown): Promise<TestApp> {
  return startApp({ lab, session: { redis: redis as string }, router: { leeway: 1 } });
}

function report(answers: readonly Answer[]): Report {
  const users = answers.filter(({ who }) => who !== 'stranger');
  const strangers = answers.filter(({ who }) => who === 'stranger');
  const text = ({ who, status, cookie, begin }: Answer) =>
    `${who} at ${Math.round(begin)}: ${status}${cookie ? ' with a cookie' : ''}`;
  // There may be more of them than a call can have arguments.
  const longest = (some: readonly Answer[]) =>
    some.reduce((most, { begin, end }) => Math.max(most, end - begin), 0);
  const count = (status: number) => users.filter((answer) => answer.status === status).length;
  const loggedOut = ({ status, cookie }: Answer) =>
    status === 401 || status === 302 || status === 403 || cookie;
  return {
    answers: answers.length,
    ok: count(200),
    unavailable: count(503),
    falseLogouts: users.filter(loggedOut).map(text),
    letThrough: strangers.filter(({ status }) => status < 300).map(text),
    odd: users.filter((answer) => !loggedOut(answer) && ![200, 503].includes(answer.status)).map(text),
    slowest: longest(answers.filter(({ who }) => who !== 'refreshing')),
    slowestRefresh: longest(answers),
    recovery(usable, who) {
      const later = answers.filter((answer) => answer.who === who && answer.end > usable);
      const served = later.filter(({ status }) => status === 200);
      const failed = later.filter(({ status, begin }) => status !== 200 && begin > usable);
      const firstServed = served.reduce((first, { end }) => Math.min(first, end), Number.POSITIVE_INFINITY);
      return failed.reduce((last, { end }) => Math.max(last, end), firstServed) - usable;
    },
  };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
