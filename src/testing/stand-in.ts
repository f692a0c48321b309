import type { Answer, Call, Handle } from './http.js';
import type { LabClients, LabRequest, LabSettings, LabUser } from './types.js';

/** Something that a stand-in answers. */
export interface Route {
  /** Origin and path, or a prefix of these that ends in `*`. */
  readonly url: string;
  readonly endpoint: LabRequest['endpoint'];
  /** The methods that are allowed; all, if there are none here. */
  readonly methods?: readonly string[];
  readonly handle: Handle;
}

/** The redirect URIs that are registered; they grow while the lab runs. */
export interface Registrations {
  readonly redirectUris: Set<string>;
  readonly postLogoutRedirectUris: Set<string>;
  backchannelLogout?: { readonly uri: string; readonly sessionRequired: boolean };
}

/** What a stand-in is built on. */
export interface Ground<Settings extends LabSettings = LabSettings, Clients extends LabClients = LabClients> {
  readonly name: string;
  readonly title: string;
  readonly origin: string;
  /** The further origins, in the order of {@link Blueprint.furtherSites}. */
  readonly furtherOrigins: readonly string[];
  readonly settings: Settings;
  readonly clients: Clients;
  readonly users: readonly LabUser[];
  readonly registrations: Registrations;
}

/** A provider, running, before faults and the log are put around it. */
export interface StandIn {
  readonly endpoints: Readonly<Record<string, string>>;
  readonly api: string;
  /** The first one that fits answers. */
  readonly routes: readonly Route[];
  /** How this provider says that it is in trouble, or how the gateway before it says so. */
  failure(source: 'provider' | 'gateway'): Answer;
  expireAccessTokens(): void;
  revokeAll(): void;
}

/** How to build the stand-in of one provider. */
export interface Blueprint<
  Settings extends LabSettings = LabSettings,
  Clients extends LabClients = LabClients,
> {
  readonly name: string;
  readonly title: string;
  /** How many origins it has beyond its main one. */
  readonly furtherSites: number;
  /** Where it differs from what is common, and what only it can be told. */
  readonly settings: Partial<LabSettings> & Omit<Settings, keyof LabSettings>;
  readonly clients: Clients;
  /** What else one has to know to use it. */
  readonly details?: Readonly<Record<string, string>>;
  readonly users: readonly LabUser[];
  build(ground: Ground<Settings, Clients>): StandIn | Promise<StandIn>;
}

/** The route for a call. */
export function routeOf(routes: readonly Route[], call: Call): Route | undefined {
  const url = call.url.origin + call.url.pathname;
  return routes.find((route) =>
    route.url.endsWith('*') ? url.startsWith(route.url.slice(0, -1)) : url === route.url,
  );
}
