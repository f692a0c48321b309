import type { Request } from 'express';
import { aliyun, oauthRouter, oauthSession } from '../../../src/index.js';
import { ask } from './serve.js';

/** What a method of `req.oauth` throws. */
async function thrownBy(
  call: (oauth: Request['oauth']) => unknown,
): Promise<{ code: string; message: string }> {
  const { text } = await ask((app) => {
    app.use(oauthSession({ secret: 'a secret of thirty-two characters' }));
    app.use(oauthRouter(aliyun({ clientId: '1' })));
    app.use(async (req, res) => {
      try {
        await call(req.oauth);
        res.json({ code: 'nothing' });
      } catch (error) {
        const { code, message } = error as { code: string; message: string };
        res.json({ code, message });
      }
    });
  }, '/');
  return JSON.parse(text);
}

describe('the options of a method of req.oauth', () => {
  it.each<[string, (oauth: Request['oauth']) => unknown]>([
    ['getAccessToken', (oauth) => oauth.getAccessToken('aliyun' as never)],
    ['getTokens', (oauth) => oauth.getTokens(null as never)],
    ['fetch', (oauth) => oauth.fetch('https://api.example.com', {}, 'aliyun' as never)],
    ['loginUrl', (oauth) => oauth.loginUrl('aliyun' as never)],
    ['redirectToLogin', (oauth) => oauth.redirectToLogin(['aliyun'] as never)],
    ['logout', (oauth) => oauth.logout(true as never)],
    ['sessions', (oauth) => oauth.sessions('aliyun' as never)],
  ])('are an object: %s says so', async (method, call) => {
    const { code, message } = await thrownBy(call);
    expect(code).toBe('invalid_option');
    expect(message).toContain(`req.oauth.${method} takes an object such as { provider: 'oidc' }`);
  });

  it.each<[string, object]>([
    ['minTtl', { minTtl: '3' }],
    ['minTtl', { minTtl: -1 }],
    ['minTtl', { minTtl: Number.NaN }],
    ['forceRefresh', { forceRefresh: 'yes' }],
    ['provider', { provider: 5 }],
    ['provider', { provider: '' }],
    ['provider', { provider: null }],
  ])('are of their type: %s', async (option, options) => {
    const { code, message } = await thrownBy((oauth) => oauth.getAccessToken(options));
    expect(code).toBe('invalid_option');
    expect(message).toContain(`the option '${option}' cannot be`);
  });

  it('are known: an error names those that are', async () => {
    const { code, message } = await thrownBy((oauth) => oauth.logout({ everyWhere: true } as never));
    expect(code).toBe('unknown_option');
    expect(message).toMatch(/'everyWhere'.*provider, everywhere\.$/);
    expect((await thrownBy((oauth) => oauth.logout({ constructor: true } as never))).code).toBe(
      'unknown_option',
    );
  });

  it('may be undefined, and a returnTo that is no path counts for nothing: a browser may have sent it', async () => {
    const options = { provider: undefined, minTtl: undefined, forceRefresh: undefined };
    expect((await thrownBy((oauth) => oauth.getAccessToken(options))).code).toBe('login_required');
    for (const returnTo of [5, ['/x'], null, undefined]) {
      expect(await thrownBy((oauth) => oauth.loginUrl({ returnTo: returnTo as never }))).toEqual({
        code: 'nothing',
      });
    }
  });
});
