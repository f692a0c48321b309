import { randomBytes } from 'node:crypto';

import { type Answer, type Call, cookie, formFields, redirect } from './http.js';
import { consentPage, loginPage, messagePage } from './pages.js';
import { Refusal } from './refusal.js';
import type { Ground, Route } from './stand-in.js';
import type { Grant, TokenBook } from './token-book.js';
import type { LabClient, LabUser } from './types.js';

/** An authorization request that may be answered with a redirect. */
export interface AuthorizationRequest {
  readonly client: LabClient;
  readonly redirectUri: string;
  readonly state: string | undefined;
  /** Checks the rest of it. What it throws goes to the client. */
  details(): AuthorizationDetails;
}

/** What the client wants. */
export interface AuthorizationDetails extends Omit<Grant, 'clientId' | 'userId' | 'redirectUri'> {
  /** When to ask the user: only if the user has not allowed this before, even so, or not at all. */
  readonly consent: 'once' | 'always' | 'never';
}

/** A provider's own ways at its authorization endpoint. */
export interface Door {
  /** The authorization endpoint; its pages are beside it, on the same origin. */
  readonly url: string;
  /**
   * Reads the part of a request that decides where an answer may go.
   *
   * @throws Refusal to be shown to the user: an unknown redirect URI must not be followed, RFC 6749 4.1.2.1
   */
  read(query: URLSearchParams): AuthorizationRequest;
  /** What the client gets with a code. */
  granted(code: string): Readonly<Record<string, string>>;
  /** What the client gets of a refusal; nothing, where only the user learns of it. */
  refused(refusal: Refusal): Readonly<Record<string, string>> | undefined;
}

/** The authorization endpoint and the pages on which users log in and give consent. */
export function signInRoutes(ground: Ground, book: TokenBook, door: Door): readonly Route[] {
  const { title, users } = ground;
  const { origin, pathname } = new URL(door.url);
  const sessionCookie = `lab-${ground.name}-session`;
  const sessions = new Map<string, LabUser>();
  const consents = new Set<string>();

  const userOf = (call: Call) => sessions.get(cookie(call, sessionCookie) ?? '');

  function authorize(call: Call): Answer {
    return answering(call.url.searchParams, (request, details) => {
      const user = userOf(call);
      if (user === undefined) return redirect(`/login?${call.url.searchParams}`);
      const isKnown = details.consent === 'once' && consents.has(consentOf(request, user));
      if (isKnown || details.consent === 'never') return allow(request, details, user);
      return consentPage({
        title,
        client: request.client.clientId,
        user,
        scopes: details.scopes,
        action: `/consent?${call.url.searchParams}`,
      });
    });
  }

  function login(call: Call): Answer {
    const user = users.find(({ id }) => id === formFields(call).get('user'));
    if (user === undefined) return loginPage({ title, users, action: `/login${call.url.search}` });
    const session = randomBytes(24).toString('base64url');
    sessions.set(session, user);
    return redirect(pathname + call.url.search, 303, {
      'set-cookie': `${sessionCookie}=${session}; Path=/; HttpOnly; SameSite=Lax`,
    });
  }

  function consent(call: Call): Answer {
    const user = userOf(call);
    if (user === undefined) return redirect(pathname + call.url.search, 303);
    return answering(call.url.searchParams, (request, details) => {
      if (formFields(call).get('decision') !== 'approve') {
        throw new Refusal('access_denied', 'the user said no', 403);
      }
      consents.add(consentOf(request, user));
      return allow(request, details, user);
    });
  }

  /** Refusals go to the client, save for those that leave no safe place to send them to. */
  function answering(
    query: URLSearchParams,
    answer: (request: AuthorizationRequest, details: AuthorizationDetails) => Answer,
  ): Answer {
    let request: AuthorizationRequest | undefined;
    try {
      request = door.read(query);
      return answer(request, request.details());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const told = request && door.refused(error);
      if (request && told) return backToClient(request, told);
      const { status, message } = error;
      return messagePage({ title, status, heading: 'This request cannot be answered', message });
    }
  }

  function allow(request: AuthorizationRequest, details: AuthorizationDetails, user: LabUser): Answer {
    const { consent: _, ...wanted } = details;
    const code = book.issueCode({
      ...wanted,
      clientId: request.client.clientId,
      redirectUri: request.redirectUri,
      userId: user.id,
    });
    return backToClient(request, door.granted(code));
  }

  return [
    { url: door.url, endpoint: 'authorization', methods: ['GET'], handle: authorize },
    { url: `${origin}/login`, endpoint: 'login-page', methods: ['GET', 'POST'], handle: login },
    { url: `${origin}/consent`, endpoint: 'login-page', methods: ['POST'], handle: consent },
  ];
}

function consentOf({ client }: AuthorizationRequest, user: LabUser): string {
  return `${client.clientId} ${user.id}`;
}

function backToClient(request: AuthorizationRequest, answer: Readonly<Record<string, string>>): Answer {
  const url = new URL(request.redirectUri);
  for (const [name, value] of Object.entries(answer)) url.searchParams.append(name, value);
  if (request.state !== undefined) url.searchParams.append('state', request.state);
  return redirect(url);
}
