import type { Dialect, WireRequest } from '../../../src/dialect.js';
import { at, firstOf, fromCallback, toAuthorizationUrl, toWireRequest } from '../../../src/wire/dialect.js';

/** Names and values that have tripped somebody up. */
const awkward: [string, string][] = [
  ['scope', 'openid /acs/ccc profile'],
  ['state', 'a+b c%20d&e=f#g'],
  ['redirect_uri', 'https://app.example.com/cb?x=1&y=ä'],
  ['constructor', 'x'],
  ['__proto__', 'x'],
  ['toString', ''],
  ['empty', ''],
  ['emoji', '😀'],
  ['quote', `'"<>`],
];

const standardUrl = () => {
  const url = new URL('https://as.example.com/authorize?tenant=1');
  for (const [name, value] of awkward) url.searchParams.append(name, value);
  return url;
};

const request: WireRequest = {
  endpoint: 'token',
  grant: 'authorization_code',
  method: 'POST',
  url: 'https://as.example.com/token',
  headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
  params: awkward,
};

describe('the standard dialect changes nothing', () => {
  it('in an authorization URL', () => {
    const url = toAuthorizationUrl(standardUrl(), {});
    expect([...url.searchParams]).toEqual([['tenant', '1'], ...awkward]);
    expect(url.origin + url.pathname).toBe('https://as.example.com/authorize');
  });

  it('in a callback', () => {
    expect([...fromCallback(new URLSearchParams(awkward), {})]).toEqual(awkward);
  });

  it('in a request', () => {
    const { url, init } = toWireRequest(request, {});
    expect(url).toBe(request.url);
    expect([...new URLSearchParams(init.body as string)]).toEqual(awkward);
    expect(init).toMatchObject({
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    });
  });
});

describe('an authorization URL', () => {
  it('has its scopes percent-encoded: a slash as %2F, a space as %20', () => {
    const url = new URL('https://as.example.com/authorize');
    url.searchParams.set('scope', 'openid /acs/ccc');
    expect(toAuthorizationUrl(url, {}).search).toBe('?scope=openid%20%2Facs%2Fccc');
  });

  it('keeps a plus that is one', () => {
    const url = new URL('https://as.example.com/authorize');
    url.searchParams.set('login_hint', 'me+you@example.com x');
    expect(toAuthorizationUrl(url, {}).search).toBe('?login_hint=me%2Byou%40example.com%20x');
  });

  it('is renamed, thinned out and delimited, and then handed to the hook', () => {
    const dialect: Dialect = {
      authorization: {
        rename: { client_id: 'appid', redirect_uri: 'redirect_url' },
        omit: ['nonce', 'response_type'],
        scopeDelimiter: ',',
      },
      hooks: {
        authorizationUrl: (url) => {
          expect(url.searchParams.get('appid')).toBe('1');
          url.searchParams.append('seen', [...url.searchParams.keys()].join(' '));
          url.hash = 'wechat_redirect';
          return url;
        },
      },
    };
    const standard = new URL('https://as.example.com/authorize');
    standard.search =
      '?client_id=1&redirect_uri=x&nonce=n&response_type=code&scope=a+b&state=s&login_hint=x+y';
    expect(toAuthorizationUrl(standard, dialect).href).toBe(
      'https://as.example.com/authorize?appid=1&redirect_url=x&scope=a%2Cb&state=s&login_hint=x%20y&seen=appid%20redirect_url%20scope%20state%20login_hint#wechat_redirect',
    );
    expect(standard.searchParams.get('client_id')).toBe('1');
  });
});

describe('a callback', () => {
  it('gets its standard names before the hook sees it', () => {
    const dialect: Dialect = {
      callback: { rename: { authCode: 'code' } },
      hooks: {
        callback: (params) => new URLSearchParams([...params].filter(([name]) => name !== 'auth_type')),
      },
    };
    const params = fromCallback(new URLSearchParams('authCode=c&state=s&auth_type=x'), dialect);
    expect(params.toString()).toBe('code=c&state=s');
  });

  it('shows both, when a browser sends a name and the dialect’s name for it', () => {
    const dialect: Dialect = { callback: { rename: { authCode: 'code' } } };
    expect(fromCallback(new URLSearchParams('authCode=a&code=b'), dialect).getAll('code')).toEqual([
      'a',
      'b',
    ]);
  });

  it('shows one, when a provider sends the same under both names', () => {
    const dialect: Dialect = { callback: { rename: { authCode: 'code' } } };
    expect(fromCallback(new URLSearchParams('authCode=a&code=a'), dialect).getAll('code')).toEqual(['a']);
  });
});

it('a dialect with one hook leaves everything else as it is', () => {
  const one: Dialect = { hooks: { response: (response) => response } };
  expect(toAuthorizationUrl(new URL('https://as.example.com/?a=b'), one).search).toBe('?a=b');
  expect(fromCallback(new URLSearchParams('code=c'), one).toString()).toBe('code=c');
  expect(toWireRequest(request, one)).toEqual(toWireRequest(request, {}));
});

describe('the rules of a request', () => {
  const rules = (is: string) => ({ add: { is } });
  const all: Dialect = {
    request: rules('request'),
    refresh: rules('refresh'),
    revocation: rules('revocation'),
  };

  it.each<[WireRequest['endpoint'], string | undefined, Dialect, string]>([
    ['token', 'authorization_code', all, 'request'],
    ['token', 'refresh_token', all, 'refresh'],
    ['revocation', undefined, all, 'revocation'],
    ['token', 'refresh_token', { request: rules('request') }, 'request'],
    ['revocation', undefined, { request: rules('request'), refresh: rules('refresh') }, 'request'],
  ])('to %s with the grant %s, in %j: %s', (endpoint, grant, dialect, is) => {
    const { init } = toWireRequest({ ...request, endpoint, ...(grant && { grant }) }, dialect);
    expect(new URLSearchParams(init.body as string).get('is')).toBe(is);
  });

  it('may name another endpoint, where there is one', () => {
    const dialect: Dialect = { request: { endpoint: 'another', method: 'GET' } };
    const another = 'https://as.example.com/another';
    const { url, init } = toWireRequest(request, dialect, { another });
    expect([url, init.method]).toEqual([another, 'GET']);
    expect(toWireRequest(request, dialect, {}).url).toBe(request.url);
    expect(toWireRequest(request, {}, { another, undefined: another }).url).toBe(request.url);
  });
});

describe('a request', () => {
  const dialect: Dialect = {
    request: { rename: { client_id: 'appid', client_secret: 'secret' }, omit: ['redirect_uri'] },
  };
  const params: WireRequest['params'] = [
    ['grant_type', 'authorization_code'],
    ['client_id', '1'],
    ['client_secret', 's&='],
    ['redirect_uri', 'x'],
  ];

  it('is renamed and thinned out as a form', () => {
    const { url, init } = toWireRequest({ ...request, params }, dialect);
    expect(init.body).toBe('grant_type=authorization_code&appid=1&secret=s%26%3D');
    expect(url).toBe(request.url);
  });

  it('becomes JSON', () => {
    const { init } = toWireRequest(
      { ...request, params },
      { request: { ...dialect.request, encoding: 'json' } },
    );
    expect(init.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(JSON.parse(init.body as string)).toEqual({
      grant_type: 'authorization_code',
      appid: '1',
      secret: 's&=',
    });
  });

  it('becomes a query without a body', () => {
    const { url, init } = toWireRequest(
      { ...request, url: `${request.url}?v=2`, params },
      { request: { ...dialect.request, encoding: 'query' } },
    );
    expect(url).toBe(`${request.url}?v=2&grant_type=authorization_code&appid=1&secret=s%26%3D`);
    expect(init.body).toBeUndefined();
    expect(init.headers).toEqual({ accept: 'application/json' });
  });

  it('reaches the hook renamed, and what the hook makes of it is encoded', () => {
    const seen: WireRequest[] = [];
    const hook = (own: WireRequest): WireRequest => {
      seen.push(own);
      return {
        ...own,
        method: 'PUT',
        url: `${own.url}/v2`,
        headers: { ...own.headers, 'x-app': '1' },
        params: [...own.params, ['sign', 'ok']],
      };
    };
    const { url, init } = toWireRequest(
      { ...request, params },
      { request: { ...dialect.request, encoding: 'json' }, hooks: { request: hook } },
    );
    expect(seen[0]).toMatchObject({ endpoint: 'token', grant: 'authorization_code' });
    expect(seen[0]?.params).toContainEqual(['appid', '1']);
    expect([url, init.method]).toEqual([`${request.url}/v2`, 'PUT']);
    expect(init.headers).toMatchObject({ 'x-app': '1', 'content-type': 'application/json' });
    expect(JSON.parse(init.body as string)).toMatchObject({ appid: '1', sign: 'ok' });
  });

  it('is of the type that a hook gives it', () => {
    const type = 'application/json; charset=utf-8';
    const { init } = toWireRequest(
      { ...request, params },
      {
        request: { encoding: 'json' },
        hooks: { request: (own) => ({ ...own, headers: { ...own.headers, 'content-type': type } }) },
      },
    );
    expect(init.headers).toMatchObject({ 'content-type': type });
  });

  it('is a copy: the standard one stays as it was', () => {
    const before = structuredClone({ ...request, params });
    toWireRequest({ ...request, params }, { request: { ...dialect.request, encoding: 'json' } });
    expect({ ...request, params }).toEqual(before);
  });
});

it.each([
  [{ a: { b: 1 } }, ['a', 'b'], 1],
  [{ a: { b: null } }, ['a', 'b'], null],
  [{ a: null }, ['a', 'b'], undefined],
  [{ a: 'text' }, ['a', 'length'], undefined],
  [{}, ['toString'], undefined],
  [JSON.parse('{"__proto__":{"b":1}}'), ['b'], undefined],
  [undefined, ['a'], undefined],
  [5, [], 5],
])('at(%j, %j) is %j', (value, path, found) => {
  expect(at(value, path)).toBe(found);
});

it('firstOf passes over what is absent or null, and over nothing else', () => {
  const body = { b: null, c: '', d: 'x' };
  expect(firstOf(body, ['a', 'b', 'c', 'd'])).toBe('');
  expect(firstOf(body, ['a', 'b'])).toBeUndefined();
  expect(firstOf(body, ['constructor'])).toBeUndefined();
});
