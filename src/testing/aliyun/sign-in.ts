import { randomBytes } from 'node:crypto';

import { type Answer, type Call, cookie, formFields, redirect } from '../http.js';
import { consentPage, loginPage, messagePage } from '../pages.js';
import type { Ground, Route } from '../stand-in.js';
import type { TokenBook } from '../token-book.js';
import type { LabUser } from '../types.js';
import {
  type AuthorizationDetails,
  type AuthorizationRequest,
  readAuthorizationRequest,
} from './authorization-request.js';
import { Refusal } from './errors.js';

const path = '/oauth2/v1/auth';
const sessionCookie = 'lab-aliyun-session';

/** The host where users sign in: the authorization endpoint and its pages. It is not the host of the issuer. */
export function signInRoutes(origin: string, ground: Ground, book: TokenBook): readonly Route[] {
  const { title, users, clients, registrations } = ground;
  const sessions = new Map<string, LabUser>();
  const consents = new Set<string>();

  const userOf = (call: Call) => sessions.get(cookie(call, sessionCookie) ?? '');

  function authorize(call: Call): Answer {
    return answering(call.url.searchParams, (request, details) => {
      const user = userOf(call);
      if (user === undefined) return redirect(`/login?${call.url.searchParams}`);
      const isNew = !consents.has(consentOf(request, user));
      if (!isNew && !details.forceConsent) return allow(request, details, user);
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
    return redirect(path + call.url.search, 303, {
      'set-cookie': `${sessionCookie}=${session}; Path=/; HttpOnly; SameSite=Lax`,
    });
  }

  function consent(call: Call): Answer {
    const user = userOf(call);
    if (user === undefined) return redirect(path + call.url.search, 303);
    return answering(call.url.searchParams, (request, details) => {
      if (formFields(call).get('decision') !== 'approve') {
        throw new Refusal('access_denied', 'the user said no');
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
      request = readAuthorizationRequest(query, [clients.web, clients.native], registrations);
      return answer(request, request.details());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, message } = error;
      if (request) return backToClient(request, { error: code, error_description: message });
      return messagePage({ title, status: 400, heading: 'This request cannot be answered', message });
    }
  }

  function allow(request: AuthorizationRequest, details: AuthorizationDetails, user: LabUser): Answer {
    const { forceConsent: _, ...wanted } = details;
    const code = book.issueCode({
      ...wanted,
      clientId: request.client.clientId,
      redirectUri: request.redirectUri,
      userId: user.id,
    });
    return backToClient(request, { code });
  }

  return [
    { url: origin + path, endpoint: 'authorization', methods: ['GET'], handle: authorize },
    { url: `${origin}/login`, endpoint: 'login-page', methods: ['GET', 'POST'], handle: login },
    { url: `${origin}/consent`, endpoint: 'login-page', methods: ['POST'], handle: consent },
  ];
}

function consentOf({ client }: AuthorizationRequest, user: LabUser): string {
  return `${client.clientId} ${user.id}`;
}

function backToClient(request: AuthorizationRequest, answer: Record<string, string>): Answer {
  const url = new URL(request.redirectUri);
  for (const [name, value] of Object.entries(answer)) url.searchParams.append(name, value);
  if (request.state !== null) url.searchParams.append('state', request.state);
  return redirect(url);
}
