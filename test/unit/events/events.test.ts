import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createEmit, hashLoginId, type OAuthEvent } from '../../../src/events.js';

const channel = 'express-oauth-login';

/** The warnings that are raised while something runs. */
async function warningsOf(run: () => void): Promise<unknown[]> {
  const { emitWarning } = process;
  const warnings: unknown[] = [];
  process.emitWarning = (...warning: unknown[]) => void warnings.push(warning);
  try {
    run();
    // A rejection is noticed in a later turn.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.emitWarning = emitWarning;
  }
  return warnings;
}

it('tells the listener and the diagnostics channel of the same event, with the time', () => {
  const told: OAuthEvent[] = [];
  const published: unknown[] = [];
  const onMessage = (message: unknown) => published.push(message);
  subscribe(channel, onMessage);
  createEmit(
    (event) => told.push(event),
    () => 42,
  )({ type: 'login.started', provider: 'aliyun' });
  unsubscribe(channel, onMessage);
  expect(told).toEqual([{ type: 'login.started', provider: 'aliyun', at: 42 }]);
  expect(published).toEqual(told);
});

it('tells the diagnostics channel without a listener', () => {
  const published: unknown[] = [];
  const onMessage = (message: unknown) => published.push(message);
  subscribe(channel, onMessage);
  createEmit(undefined, () => 1)({ type: 'alert', error: 'invalid_client' });
  unsubscribe(channel, onMessage);
  expect(published).toEqual([{ type: 'alert', error: 'invalid_client', at: 1 }]);
});

it('lets no listener change what the next one hears', () => {
  let event: OAuthEvent | undefined;
  createEmit(
    (told) => {
      event = told;
    },
    () => 1,
  )({ type: 'alert' });
  expect(Object.isFrozen(event)).toBe(true);
});

it.each([
  [
    'throws',
    () => {
      throw new Error('the token is abc');
    },
  ],
  ['rejects', () => Promise.reject(new Error('the token is abc'))],
  [
    'throws nothing at all',
    () => {
      throw undefined;
    },
  ],
])('a listener that %s harms nothing, and is reported without its text', async (_how, listener) => {
  const published: unknown[] = [];
  const onMessage = (message: unknown) => published.push(message);
  subscribe(channel, onMessage);
  const warnings = await warningsOf(() =>
    createEmit(listener as never, () => 1)({ type: 'token.refreshed' }),
  );
  unsubscribe(channel, onMessage);
  expect(warnings).toEqual([['onEvent failed on token.refreshed', { code: 'EXPRESS_OAUTH_LOGIN_LISTENER' }]]);
  expect(published).toHaveLength(1);
});

it('a login has one hash in all events, which is not its id', () => {
  expect(hashLoginId('a-login-id')).toBe(hashLoginId('a-login-id'));
  expect(hashLoginId('a-login-id')).not.toBe(hashLoginId('another'));
  expect(hashLoginId('a-login-id')).toMatch(/^[\w-]{16}$/);
  expect(hashLoginId('a-login-id')).not.toContain('login');
});
