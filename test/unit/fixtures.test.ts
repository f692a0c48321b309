import { isPlainObject } from '../../src/config.js';
import { OAuthLoginError } from '../../src/errors.js';
import { loginByAssertion } from '../../src/login/assertion.js';
import { parseCallback } from '../../src/login/callback.js';
import { finishLogin, type NewLogin, startLogin } from '../../src/login/login.js';
import { createTransactions, randomToken } from '../../src/login/transaction.js';
import { createMemoryStores } from '../../src/stores/memory.js';
import { createSealer } from '../../src/stores/sealing.js';
import { issuedTokens, refreshedTokens, type TokenSet } from '../../src/tokens/token-set.js';
import { createProviderClient, type ProviderClient } from '../../src/wire/client.js';
import {
  type FixtureCase,
  factoryNames,
  fixtureNames,
  fixtureText,
  type Outcome,
  providerOf,
  readFixture,
  strayMembers,
  type WireFixture,
} from '../support/wire-fixtures.js';
import { type Play, type Player, startPlayer } from '../support/wire-player.js';

const all = factoryNames.map((name) => ({ name, fixture: readFixture(name) }));

let player: Player;
beforeAll(async () => {
  player = await startPlayer();
});
afterAll(() => player.close());

/** What came of a flow, before it is put into the words of a fixture. */
interface Result {
  tokens?: TokenSet;
  user?: NewLogin['user'];
  revoked?: boolean;
  error?: OAuthLoginError;
}

async function run(
  client: ProviderClient,
  play: Play,
  { redirectUri = '' }: WireFixture,
  { flow, given = {} }: FixtureCase,
): Promise<Result> {
  const { provider } = client;
  const { refreshExpiresAt, ...tokens } = given.tokens ?? {};
  const old: TokenSet = {
    accessToken: 'the-old-access-token',
    tokenType: 'Bearer',
    scope: provider.scope,
    raw: {},
    ...tokens,
    ...(refreshExpiresAt !== undefined && { refreshExpiresAt: Date.parse(refreshExpiresAt) }),
  };
  switch (flow) {
    case 'login': {
      const stores = createMemoryStores(play.clock);
      const transactions = createTransactions(stores.transactions, createSealer(['key']));
      const url = await startLogin(client, transactions, { browser: 'browser', redirectUri, returnTo: '/' });
      const callback = parseCallback(await play.browse(url));
      const outcome = await finishLogin(client, transactions, 'browser', callback);
      return outcome.kind === 'completed' ? outcome.login : {};
    }
    case 'exchange': {
      const [state, nonce, codeVerifier] = [randomToken(), randomToken(), randomToken()];
      const login = { redirectUri, state, nonce, codeVerifier };
      const url = await client.authorizationUrl({ ...login, params: {} });
      const params = client.readCallback(parseCallback(await play.browse(url)));
      const { answer } = await client.exchangeCode({ ...login, params });
      return { tokens: issuedTokens(answer, provider.scope) };
    }
    case 'assertion':
      return loginByAssertion(client, given.subject ?? { sub: '' });
    case 'refresh': {
      const answer = await client.refresh(old.refreshToken ?? '');
      if (answer.idToken !== undefined) await client.verifyRefreshed(answer, given.claims ?? {});
      return { tokens: refreshedTokens(old, answer) };
    }
    case 'revocation': {
      const { accessToken, refreshToken } = old;
      return {
        revoked: await client.revoke({ accessToken, ...(refreshToken !== undefined && { refreshToken }) }),
      };
    }
  }
}

/** Plays one case against the library as it is, errors of ours included. */
async function perform(player: Player, name: string, fixture: WireFixture, fixtureCase: FixtureCase) {
  const provider = providerOf(name, fixture, fixtureCase, player.privateJwk);
  const play = player.play(fixtureCase);
  const client = createProviderClient(provider, { timeout: 5, clock: play.clock, fetch: play.fetch });
  const result = await run(client, play, fixture, fixtureCase).catch((error: unknown): Result => {
    if (error instanceof OAuthLoginError) return { error };
    throw error;
  });
  return { play, result };
}

/** A moment, as a fixture writes it. */
function moment(text: string, play: Play): number {
  const seconds = /^sent \+ (\d+) s$/.exec(text)?.[1];
  return seconds === undefined ? Date.parse(text) : play.sentAt + Number(seconds) * 1000;
}

/** What the outcome of a fixture means in the moment of this run. */
function expected({ tokens, user, error, revoked }: Outcome, { user: came }: Result, play: Play) {
  return {
    ...(tokens && {
      tokens: {
        tokenType: 'Bearer',
        ...tokens,
        ...(tokens.expiresAt !== undefined && { expiresAt: moment(tokens.expiresAt, play) }),
        ...(tokens.refreshExpiresAt !== undefined && {
          refreshExpiresAt: moment(tokens.refreshExpiresAt, play),
        }),
        ...(tokens.idToken === '{id_token}' && { idToken: play.bound('id_token') }),
      },
    }),
    // Claims count where a fixture lists them.
    ...(user && { user: { ...(came && { claims: came.claims }), ...user } }),
    ...(error && { error }),
    ...(revoked !== undefined && { revoked }),
  };
}

/** What happened, in the words of a fixture. */
function described({ tokens, user, error, revoked }: Result) {
  const { raw: _raw, ...plain } = tokens ?? {};
  const { provider: _provider, ...who } = user ?? {};
  return {
    ...(tokens && { tokens: plain }),
    ...(user && { user: who }),
    ...(error && {
      error: {
        class: error.name,
        code: error.code,
        status: error.status,
        ...(error.providerCode !== undefined && { providerCode: error.providerCode }),
        ...(error.requestId !== undefined && { requestId: error.requestId }),
        ...(error.headers && { retryAfter: error.headers['Retry-After'] }),
      },
    }),
    ...(revoked !== undefined && { revoked }),
  };
}

/** The objects in a JSON text that are an exchange by their looks, wherever they stand. */
function countExchanges(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + countExchanges(one), 0);
  if (!isPlainObject(value)) return 0;
  const own = 'request' in value || 'answer' in value ? 1 : 0;
  return own + Object.values(value).reduce((sum: number, one) => sum + countExchanges(one), 0);
}

describe.each(all)('the wire of $name', ({ name, fixture }) => {
  it.each(fixture.cases.map((one) => [one.name, one] as const))('%s', async (_name, fixtureCase) => {
    const { play, result } = await perform(player, name, fixture, fixtureCase);
    expect(play.requests.map(({ received }) => received)).toEqual(
      play.requests.map(({ expected }) => expected),
    );
    expect(described(result)).toEqual(expected(fixtureCase.outcome, result, play));
    expect(play.requests).toHaveLength(fixtureCase.exchanges.length);
  });
});

describe('the fixtures', () => {
  it('are the files that are there, one for each provider', () => {
    expect(fixtureNames()).toEqual([...factoryNames].sort());
  });

  it.each(all)('of $name say where they come from, and hold nothing that nobody reads', ({ fixture }) => {
    expect(fixture.documents.length).toBeGreaterThan(0);
    expect(strayMembers(fixture)).toEqual([]);
    const names = fixture.cases.map((one) => one.name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('are played to the last exchange, counted in the text of each file', async () => {
    const counter = await startPlayer();
    const counts: [string, number][] = [];
    try {
      for (const { name, fixture } of all) {
        const before = counter.played;
        for (const fixtureCase of fixture.cases) await perform(counter, name, fixture, fixtureCase);
        counts.push([name, counter.played - before]);
      }
    } finally {
      await counter.close();
    }
    const there = fixtureNames().map((name) => [name, countExchanges(JSON.parse(fixtureText(name)))]);
    expect(Object.fromEntries(counts)).toEqual(Object.fromEntries(there));
  });
});
