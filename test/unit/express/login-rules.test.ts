import { isRecent, isStrong, parseRules } from '../../../src/express/login-rules.js';
import type { SessionLogin } from '../../../src/express/session-data.js';

function login(loggedInAt: number, claims: Record<string, unknown> = {}): SessionLogin {
  const user = { provider: 'op', sub: 'alice', claims };
  return { id: 'l-1', sub: 'alice', user, scope: [], loggedInAt, issuer: 'https://op.example.com' };
}

const now = Date.now();
const ago = (seconds: number) => now - seconds * 1000;
const authTime = (seconds: number) => ({ auth_time: Math.floor(ago(seconds) / 1000) });

describe('a login is recent enough', () => {
  it.each<[string, number, SessionLogin, boolean]>([
    ['when it has just been made', 10, login(now), true],
    ['no longer after that', 10, login(ago(12)), false],
    ['by the word of the provider, though it was made long ago', 60, login(ago(500), authTime(50)), true],
    ['not by the word of the provider, though it has just been made', 60, login(now, authTime(95)), false],
    // Otherwise a provider whose clock is behind would send the user in circles.
    ['by a provider whose clock is 20 s behind', 5, login(now, authTime(20)), true],
    ['not by a time that is text', 10, login(ago(12), { auth_time: String(now) }), false],
    ['by a provider whose clock is 20 s ahead', 5, login(now, authTime(-20)), true],
    ['not by a time to come', 60, login(now, authTime(-40)), false],
    ['not by a time in milliseconds', 60, login(now, { auth_time: now }), false],
    ['by a time with a fraction', 60, login(ago(500), { auth_time: ago(50) / 1000 }), true],
    // Zero values of providers that do not know: the login itself counts.
    ['though the provider says 0', 10, login(now, { auth_time: 0 }), true],
    ['though the provider says a time before 1970', 10, login(now, { auth_time: -62_135_596_800 }), true],
    ['no longer after that, where the provider says 0', 10, login(ago(12), { auth_time: 0 }), false],
  ])('%s', (_when, maxAge, one, expected) => {
    expect(isRecent(parseRules({ maxAge }), one)).toBe(expected);
  });
});

describe('a login is strong enough', () => {
  it.each<[string, unknown, boolean]>([
    ['one of those that were asked for', 'b', true],
    ['another one', 'c', false],
    ['none', undefined, false],
    ['a list', ['a'], false],
    ['the name of an inherited member', 'constructor', false],
  ])('with %s: %#', (_what, acr, expected) => {
    expect(isStrong(parseRules({ acr: 'a b' }), login(now, { acr }))).toBe(expected);
  });

  it('in any way where nobody asked', () => {
    expect(isStrong(parseRules({}), login(now))).toBe(true);
  });
});
