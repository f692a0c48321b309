import expressSession, { type SessionData } from 'express-session';
import { SessionText, serialize } from '../../../src/express/session-text.js';

const KNOWN = { rev: 'rev', since: 5 };
const USUAL = { originalMaxAge: null, expires: null, secure: false, httpOnly: true, path: '/' };

const textOf = (cookie: object, data: object = {}) =>
  serialize(KNOWN, { cookie, ...data } as unknown as SessionData).text;

it.each<[string, object, object]>([
  ['as usual', USUAL, {}],
  ['with SameSite', { ...USUAL, sameSite: 'lax' }, { sameSite: 'lax' }],
  [
    'unusual in everything',
    {
      originalMaxAge: 60_000,
      expires: '2027-01-01T00:00:00.000Z',
      secure: true,
      httpOnly: false,
      path: '/a',
    },
    {
      originalMaxAge: 60_000,
      expires: '2027-01-01T00:00:00.000Z',
      secure: true,
      httpOnly: false,
      path: '/a',
    },
  ],
])('a cookie that is %s is stored without what is usual, and read with it', (_how, cookie, stored) => {
  const text = textOf(cookie, { basket: [1, 2] });
  expect(JSON.parse(text).cookie).toEqual(stored);
  expect(new SessionText(text).data()).toEqual({ cookie, basket: [1, 2] });
});

it("what is left out is what express-session's own cookie has by itself", () => {
  const Cookie = expressSession.Cookie as unknown as new (options: object) => expressSession.Cookie;
  expect(JSON.parse(textOf(new Cookie({})))).toHaveProperty('cookie', {});
  const { path, httpOnly, secure, expires, maxAge } = new Cookie({});
  expect({ path, httpOnly, secure: secure === true, expires, maxAge }).toEqual({
    path: '/',
    httpOnly: true,
    secure: false,
    expires: null,
    maxAge: null,
  });
});

it('a text without a cookie gets the usual one', () => {
  expect(new SessionText('{"basket":[1]}').data()).toEqual({ basket: [1], cookie: USUAL });
});
