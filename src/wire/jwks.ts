import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../clock.js';
import { ProviderUnavailableError, retryAfter } from '../errors.js';
import { type ProviderFetch, parseJson } from './http.js';

/** Keys are read anew after this long, in milliseconds. */
const FRESH = 10 * 60_000;
/** Keys that cannot be read anew are still used for this long, in milliseconds. */
const STALE = 60 * 60_000;
/** An unknown `kid` makes us read the keys anew, but not more often than this, in milliseconds. */
const THROTTLE = 5_000;

/**
 * The signing keys of one provider. A key that is not there yet is looked for at once (rotation), an endpoint that is
 * down for a while stops nobody from logging in, and a flood of made-up `kid`s reaches the provider throttled.
 */
export function createKeySet(url: string, fetch: ProviderFetch, clock: Clock): JWTVerifyGetKey {
  let keys: { at: number; find: JWTVerifyGetKey } = {
    at: Number.NEGATIVE_INFINITY,
    find: createLocalJWKSet({ keys: [] }),
  };
  let loading: Promise<void> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;

  const load = async () => {
    const { status, text } = await fetch(url, { headers: { accept: 'application/json' } });
    if (status !== 200) throw new Error(`The provider's keys cannot be read (HTTP ${status}).`);
    // `createLocalJWKSet` checks what it is given.
    keys = { at: clock.now(), find: createLocalJWKSet(parseJson(text) as JSONWebKeySet) };
  };
  const reload = () => {
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  };

  return async (header, token) => {
    const age = clock.now() - keys.at;
    if (age >= FRESH) {
      await reload().catch((error) => {
        if (age >= STALE) throw keysUnavailable(error);
      });
    }
    const known = keys;
    try {
      return await known.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (keys === known) {
        // The provider may have a new key. Until it may be asked again, nothing is known about the token.
        if (!loading && clock.now() - lookedAt < THROTTLE) throw keysUnavailable(error);
        lookedAt = clock.now();
        await reload().catch((cause) => {
          throw keysUnavailable(cause);
        });
      }
      return await keys.find(header, token);
    }
  };
}

function keysUnavailable(cause: unknown): ProviderUnavailableError {
  return new ProviderUnavailableError('provider_unavailable', "The provider's signing keys cannot be read.", {
    cause,
    headers: retryAfter(1000),
  });
}
