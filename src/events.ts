import { hash } from 'node:crypto';
import { channel } from 'node:diagnostics_channel';
import type { OAuthLoginErrorCode } from './errors.js';

/** How it went; the README says of which event. */
export type OAuthEventOutcome =
  | 'revoked'
  | 'not_revocable'
  | 'revocation_failed'
  | 'will_retry'
  | 'given_up'
  | 'backchannel'
  | 'everywhere';

/** The code of an error of this library, or of what is none: a logout token that was refuted, or something unforeseen. */
export type OAuthEventError = OAuthLoginErrorCode | 'logout_token_invalid' | 'unknown';

/** What happened, without a token, a secret, or anything about the user but a hash of the login's id. */
export interface OAuthEvent {
  /** What happened; the README says when. */
  type:
    | 'login.started'
    | 'login.completed'
    | 'login.failed'
    | 'token.refreshed'
    | 'token.refresh_shared'
    | 'token.refresh_failed'
    | 'logout.completed'
    | 'logout.revocation_failed'
    | 'logout.revocation_retried'
    | 'session.revoked'
    | 'alert';
  /** Milliseconds since the epoch. */
  at: number;
  /** The name of the provider. */
  provider?: string;
  /** How it went, for events that can go more than one way. */
  outcome?: OAuthEventOutcome;
  /** The code of the error, if one was the reason. */
  error?: OAuthEventError;
  /** The provider's own error code, if one was the reason. */
  providerError?: string;
  /** How long it took, in milliseconds. */
  duration?: number;
  /** A hash of the login's id: the same for all events of one login, and useless for anything else. */
  login?: string;
}

/** Takes events; may be asynchronous, or throw, without harm. */
export type EventListener = (event: OAuthEvent) => void;

/** Tells the listener and the diagnostics channel. */
export type Emit = (event: Omit<OAuthEvent, 'at'>) => void;

const diagnostics = channel('express-oauth-login');

/**
 * Makes the function by which the library tells of events: to `onEvent` and to the Node `diagnostics_channel`
 * named `express-oauth-login`. A listener that throws or rejects harms nothing and is reported as a process warning.
 */
export function createEmit(listener: EventListener | undefined, now: () => number): Emit {
  return (event) => {
    if (!listener && !diagnostics.hasSubscribers) return;
    const told: OAuthEvent = Object.freeze({ ...event, at: now() });
    if (listener) {
      const warn = () =>
        process.emitWarning(`onEvent failed on ${told.type}`, { code: 'EXPRESS_OAUTH_LOGIN_LISTENER' });
      try {
        // An async listener is allowed for; its rejection must not end the process.
        Promise.resolve(listener(told) as unknown).catch(warn);
      } catch {
        warn();
      }
    }
    diagnostics.publish(told);
  };
}

/** The form in which a login's id appears in events. */
export function hashLoginId(id: string): string {
  return hash('sha256', id, 'base64url').slice(0, 16);
}
