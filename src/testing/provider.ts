import { Faults } from './faults.js';
import { type Answer, type Call, json } from './http.js';
import { RequestLog } from './request-log.js';
import { initialSettings } from './settings.js';
import type { Site } from './site.js';
import { type Blueprint, type Registrations, type Route, routeOf } from './stand-in.js';
import type { LabProvider, LabSettings } from './types.js';
import { visit } from './visitor.js';

/** What it takes to open a provider. */
export interface Premises {
  /** Where it listens; its main origin first. */
  readonly sites: readonly [Site, ...Site[]];
  readonly defaults: Partial<LabSettings>;
  /** Aborts when the lab closes. */
  readonly closing: AbortSignal;
}

/** Builds a stand-in and puts the faults and the log around it. */
export async function openProvider(
  blueprint: Blueprint,
  { sites, defaults, closing }: Premises,
): Promise<LabProvider> {
  const { name, title, clients, users, details = {} } = blueprint;
  const origins = sites.map((site) => site.origin);
  const { origin } = sites[0];
  const settings = initialSettings(blueprint.settings, defaults);
  const registrations: Registrations = { redirectUris: new Set(), postLogoutRedirectUris: new Set() };
  /** The cookies of the browser in which a user signed in last. */
  const browsers = new Map<string, Map<string, string>>();
  const standIn = await blueprint.build({
    name,
    title,
    origin,
    furtherOrigins: origins.slice(1),
    settings,
    clients,
    users,
    registrations,
  });
  const log = new RequestLog(name);
  const faults = new Faults((source) => standIn.failure(source), closing);

  async function serve(call: Call): Promise<Answer | undefined> {
    const route = routeOf(standIn.routes, call);
    const endpoint = route?.endpoint ?? 'other';
    const complete = log.enter(endpoint, call);
    const { answer, cut } = await faults.meet(endpoint, call, (met) => answerBy(route, met));
    complete(answer, cut);
    return cut ? undefined : answer;
  }
  for (const site of sites) site.serve(serve);

  const down = (isDown: boolean) => {
    for (const site of sites) site.down(isDown);
  };

  return {
    name,
    title,
    origin,
    endpoints: standIn.endpoints,
    clients,
    users,
    details,
    settings,
    api: standIn.api,
    get requests() {
      return log.entries;
    },
    tokenRequests: (grant) =>
      log.entries.filter(
        (request) => request.endpoint === 'token' && (grant === undefined || request.grant === grant),
      ),
    nextRequest: (endpoint) => log.next(endpoint),
    onRequest: (listener) => log.listen(listener),
    clearRequests: () => log.clear(),
    registerRedirectUri: (uri) => void registrations.redirectUris.add(uri),
    registerPostLogoutRedirectUri: (uri) => void registrations.postLogoutRedirectUris.add(uri),
    registerBackchannelLogoutUri(uri, { sessionRequired = true } = {}) {
      registrations.backchannelLogout = { uri, sessionRequired };
    },
    fail: (endpoint, fault) => faults.fail(endpoint, fault),
    slow: (endpoint, milliseconds, times) => faults.slow(endpoint, milliseconds, times),
    drop: (endpoint, times) => faults.drop(endpoint, times),
    alter: (endpoint, change, times) => faults.alter(endpoint, change, times),
    down,
    clearFaults() {
      faults.clear();
      down(false);
    },
    expireAccessTokens: () => standIn.expireAccessTokens(),
    revokeAll: () => standIn.revokeAll(),
    async signIn(authorizationUrl, { user = users[0]?.id ?? '', approve = true } = {}) {
      if (!users.some(({ id }) => id === user)) {
        throw new Error(`${title} has no user '${user}', only ${users.map(({ id }) => id).join(', ')}`);
      }
      const cookies = new Map<string, string>();
      browsers.set(user, cookies);
      const choices = { user, decision: approve ? 'approve' : 'deny' } as const;
      return visit(new URL(authorizationUrl), origins, choices, cookies);
    },
    async signOut(endSessionUrl, { user } = {}) {
      const cookies = user === undefined ? new Map<string, string>() : browsers.get(user);
      if (!cookies) throw new Error(`${user} has not signed in at ${title}`);
      return visit(new URL(endSessionUrl), origins, { user: '', decision: 'deny' }, cookies);
    },
  };
}

function answerBy(route: Route | undefined, call: Call): Answer | Promise<Answer> {
  if (route === undefined) return json(404, { error: 'not_found' });
  if (route.methods === undefined || route.methods.includes(call.method)) return route.handle(call);
  return json(405, { error: 'method_not_allowed' }, { allow: route.methods.join(', ') });
}
