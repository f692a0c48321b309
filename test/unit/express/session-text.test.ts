import expressSession, { type SessionData } from 'express-session';
import fc from 'fast-check';
import { isOurs, readLogins } from '../../../src/express/session-data.js';
import { contentOf, EMPTY, SessionText, serialize } from '../../../src/express/session-text.js';

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

const login = { id: 'l1', sub: 'u1', user: { provider: 'oidc', sub: 'u1', claims: {} }, loggedInAt: 1 };

describe('the text of a session', () => {
  it('names the state of its logins and when its lifetime began', () => {
    const known = { rev: 'a-Rev_1', since: 1_790_000_000_000 };
    expect(new SessionText(serialize(known, { cookie: USUAL } as SessionData).text).known).toEqual(known);
  });

  it('begins its lifetime when it is first seen, where another program wrote it', () => {
    const before = Date.now();
    const { rev, since } = new SessionText('{"basket":[1]}').known;
    expect(rev).toBe('');
    expect(since).toBeGreaterThanOrEqual(before);
    expect(since).toBeLessThanOrEqual(Date.now());
    expect(new SessionText('{"oauth":{"rev":"r1","since":7,"logins":{}}}').known).toEqual({
      rev: 'r1',
      since: 7,
    });
  });

  it('has no `oauth` without a login', () => {
    expect(new SessionText(textOf(USUAL)).data()).toStrictEqual({ cookie: USUAL });
  });

  it('is empty in content where nothing was added', () => {
    expect(new SessionText(textOf(USUAL)).content).toBe(EMPTY);
    expect(contentOf({ cookie: USUAL } as unknown as SessionData)).toBe(EMPTY);
  });

  it('has the same content, whoever wrote it', () => {
    const session = { cookie: USUAL, basket: [1] } as unknown as SessionData;
    expect(new SessionText(JSON.stringify(session)).content).toBe(contentOf(session));
  });

  it('gives its logins without a look at what the app keeps', () => {
    const text = textOf(USUAL, { oauth: { logins: { oidc: login } }, basket: 'full' }).replace(
      '"full"',
      'broken',
    );
    const unread = new SessionText(text);
    expect(unread.logins).toMatchObject({ oidc: { id: 'l1' } });
    expect(unread.content).toContain('broken');
    expect(() => unread.data()).toThrow(SyntaxError);
  });

  it.each(['', '{', 'null and void', '{"oauth":{"rev":"r","since":5,"sizes":[2,2],"logins":'])(
    'is refused where it is no JSON: %j',
    (text) => {
      expect(() => new SessionText(text)).toThrow(SyntaxError);
    },
  );

  it.each(['null', '0', '[]', '"x"', 'true'])('is none where it is no object: %s', (text) => {
    expect(SessionText.of(text)).toBeUndefined();
    // Whoever needs the logins alone finds none.
    expect(new SessionText(text).logins).toEqual({});
  });

  it.each([{ a: 1 }, { a: null }, { a: 'x' }, { a: { id: 'x' } }, { a: { id: 'x', user: {} } }])(
    'has no logins but those that are some: %j',
    (logins) => {
      const sizes = [JSON.stringify({ ...logins, oidc: login }).length, 0];
      const texts = [
        JSON.stringify({ oauth: { rev: 'r', since: 5, sizes, logins: { ...logins, oidc: login } } }),
        JSON.stringify({ oauth: { logins: { ...logins, oidc: login } } }),
      ];
      for (const text of texts) expect(Object.keys(new SessionText(text).logins)).toEqual(['oidc']);
      expect(Object.keys(readLogins({ oauth: { logins: { ...logins, oidc: login } } }))).toEqual(['oidc']);
    },
  );

  it('is there where it is an object, and is none where there is no text', () => {
    expect(SessionText.of(undefined)).toBeUndefined();
    for (const text of ['{}', textOf(USUAL)]) {
      expect(SessionText.of(text)?.data()).toEqual({ cookie: USUAL });
    }
  });

  it('may lack a cookie', () => {
    for (const data of [
      {},
      { basket: [1] },
      { basket: { full: true }, oauth: { logins: { oidc: login } } },
    ]) {
      const { text, content } = serialize(KNOWN, structuredClone(data) as Partial<SessionData>);
      expect(JSON.parse(text)).not.toHaveProperty('cookie');
      const read = new SessionText(text);
      expect(read.known).toEqual(KNOWN);
      expect(read.content).toBe(content);
      expect(read.data()).toMatchObject({ ...structuredClone(data), cookie: USUAL });
    }
  });

  it('is read as the JSON that it is, whatever sizes it gives', () => {
    const data = { basket: { full: { of: 1 } }, note: '{"cookie":{}}' };
    const session = { cookie: { path: '/a' }, ...data, oauth: { logins: { oidc: structuredClone(login) } } };
    const { text } = serialize(KNOWN, session as unknown as SessionData);
    const [of, first, second] = /"sizes":\[(\d+),(\d+)\]/.exec(text) as unknown as [string, string, string];
    const texts = Array.from({ length: text.length + 5 }, (_, size) => [
      text.replace(of, `"sizes":[${size},${second}]`),
      text.replace(of, `"sizes":[${first},${size}]`),
    ]).flat();
    for (const one of texts) {
      const { oauth, cookie, ...read } = new SessionText(one).data();
      expect([read, cookie]).toEqual([data, { ...USUAL, path: '/a' }]);
      expect(oauth?.logins.oidc?.id).toBe('l1');
    }
  });

  it('is ours from its first character only', () => {
    const { text } = serialize(KNOWN, { cookie: USUAL, basket: 1 } as unknown as SessionData);
    const within = JSON.stringify({ note: 1 }).slice(0, -1);
    const read = new SessionText(`${within},"session":${text}}`).data();
    expect(read).toEqual({ note: 1, session: JSON.parse(text), cookie: USUAL });
  });
});

describe("what others keep under the name 'oauth'", () => {
  const logins = () => ({ oidc: structuredClone(login) });

  it.each<[boolean, unknown]>([
    [true, undefined],
    [true, null],
    [true, {}],
    [true, { logins: {} }],
    [true, { logins: logins() }],
    [false, 'a token'],
    [false, 0],
    [false, ['logins']],
    [false, { request_token: 'x' }],
    [false, { logins: logins(), request_token: 'x' }],
    [false, { logins: 5 }],
    [false, { logins: [] }],
    [false, { logins: null }],
    [false, { logins: { ...logins(), other: { id: 5, user: { claims: {} } } } }],
    [false, { logins: { ...logins(), other: { id: 'x', user: {} } } }],
    [false, { logins: { ...logins(), other: 'x' } }],
  ])('is told from our own: %j (%j)', (ours, oauth) => {
    expect(isOurs(oauth)).toBe(ours);
  });

  it.each<unknown>(['a token', 0, ['logins'], { request_token: 'x' }, { logins: {}, request_token: 'x' }])(
    'stays for the app to read, and is no login: %j',
    (oauth) => {
      const read = new SessionText(JSON.stringify({ oauth, basket: 1, cookie: USUAL }));
      expect(read.logins).toEqual({});
      expect(read.data()).toEqual({ oauth, basket: 1, cookie: USUAL });
      // A change of it alone is a change of the session.
      expect(contentOf({ oauth, basket: 1 } as unknown as SessionData)).toContain(JSON.stringify(oauth));
    },
  );

  it.each<unknown>([
    null,
    {},
    { logins: {} },
    { logins: { oidc: 5 } },
    { rev: 'r' },
    { rev: 'r', since: 5, logins: {} },
    { rev: 'r', since: 5, more: 1 },
  ])('is nothing where there is no login in what is ours: %j', (oauth) => {
    const read = new SessionText(JSON.stringify({ oauth, basket: 1 }));
    expect(read.logins).toEqual({});
    expect(read.data()).toStrictEqual({ basket: 1, cookie: USUAL });
  });

  it('is not taken for ours when a rev is beside it that is no text', () => {
    const oauth = { rev: 5, logins: logins() };
    expect(new SessionText(JSON.stringify({ oauth })).data()).toMatchObject({ oauth });
  });
});

/** As one reads it who knows nothing of sizes. */
function readPlainly(text: string): unknown {
  const { oauth, cookie, ...data } = JSON.parse(text);
  return { ...data, cookie: { ...USUAL, ...cookie } };
}

/** What other programs do to a session: they read it as JSON, and write it back. */
const changes: Readonly<Record<string, (session: Record<string, unknown>, value: unknown) => unknown>> = {
  nothing: (session) => session,
  more: (session, value) => ({ ...session, more: value }),
  'more before': (session, value) => ({ before: value, ...session }),
  'another cookie': (session, value) => ({ ...session, cookie: { path: '/', more: value } }),
  'no cookie': ({ cookie: _, ...session }) => session,
  'more between': ({ oauth, ...session }, value) => ({ oauth, between: value, ...session }),
  'more behind the logins': ({ oauth, ...session }, value) => ({
    oauth: { ...(oauth as object), more: value },
    ...session,
  }),
  'other logins': ({ oauth, ...session }) => ({ oauth: { ...(oauth as object), logins: {} }, ...session }),
  'no logins': ({ oauth: _, ...session }) => session,
};

const value = fc.jsonValue({ maxDepth: 2 });
const apps = fc.dictionary(fc.stringMatching(/^[a-z0-9_]{1,8}$/), value, { maxKeys: 3 });
const cookies = fc.constantFrom({}, USUAL, { ...USUAL, originalMaxAge: 60_000, path: '/a' });

it.each(Object.keys(changes))(
  'a text is read as what it says after another program did to it: %s',
  (name) => {
    fc.assert(
      fc.property(apps, cookies, fc.boolean(), value, (app, cookie, loggedIn, more) => {
        const oauth = loggedIn ? { logins: { oidc: structuredClone(login) } } : undefined;
        const written = textOf(cookie, { ...app, ...(oauth && { oauth }) });
        const text = JSON.stringify(changes[name]?.(JSON.parse(written), more));
        const { oauth: read, ...data } = new SessionText(text).data();
        expect(data).toEqual(readPlainly(text));
        const kept = loggedIn && !/^(?:other|no) logins$/.test(name);
        expect(Object.keys(read?.logins ?? {})).toEqual(kept ? ['oidc'] : []);
      }),
    );
  },
);

it('a text has the content by which a change is seen, read or not', () => {
  fc.assert(
    fc.property(apps, cookies, fc.boolean(), (app, cookie, loggedIn) => {
      const session = { ...app, ...(loggedIn && { oauth: { logins: { oidc: structuredClone(login) } } }) };
      const { text, content } = serialize(KNOWN, { cookie, ...session } as unknown as SessionData);
      expect(new SessionText(text).content).toBe(content);
      expect(contentOf(new SessionText(text).data())).toBe(content);
      expect(contentOf({ ...new SessionText(text).data(), more: 1 } as unknown as SessionData)).not.toBe(
        content,
      );
    }),
  );
});
