import {
  aliyun,
  aliyunPds,
  aliyunPdsJwt,
  type OpenPlatformOptions,
  oidc,
  openPlatform,
  type Provider,
  welink,
} from 'express-oauth-login';
import type { Lab, LabProvider, LabProviderName, LabUser, PdsClients } from 'express-oauth-login/testing';
import { dingtalk } from '../examples/dingtalk.js';
import { douyin } from '../examples/douyin.js';
import { feishu } from '../examples/feishu.js';

/** One way to log in. */
export interface Choice extends Omit<Plan, 'configure' | 'at' | 'vouches'> {
  /** The provider's name in the routes. */
  readonly name: string;
  readonly title: string;
  /** The stand-in that the lab runs. */
  readonly at: LabProvider;
  /** The same, as the middleware knows it. */
  readonly provider: Provider;
  /** Whether its tokens can be revoked. */
  readonly revokes: boolean;
  /** For whom the app can vouch, where it does that instead of sending its users to a login page. */
  readonly users?: readonly LabUser[];
}

interface Plan {
  readonly group: Group;
  /** What is special about it, in a few words. */
  readonly note: string;
  readonly configure: (at: LabProvider) => Provider;
  /** The stand-in, where it has another name. */
  readonly at?: LabProviderName;
  /** Whether the app vouches for its users itself. */
  readonly vouches?: true;
  /** How its API is called. Default: by GET. */
  readonly call?: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body: string;
  };
  /** Whether an answer of its API says that the token is bad, where it does not say so by a 401. */
  readonly refuses?: (body: unknown) => boolean;
  /** It gives no refresh token: a login ends with its token. */
  readonly endsWithToken?: true;
}

export const groups = ['Alibaba', 'Huawei', 'Open platforms', 'Standard'] as const;
type Group = (typeof groups)[number];

/** The APIs of PDS take JSON and nothing else. */
const postJson = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };

/** A provider that the lab learns appears in the demo once it has a line here. */
const plans: Readonly<Record<string, Plan>> = {
  aliyun: {
    group: 'Alibaba',
    note: 'RAM OAuth: refresh tokens that stay the same, a revocation of its own form.',
    configure: (at) => aliyun({ ...registered(at), scope: 'openid aliuid profile' }),
  },
  pds: {
    group: 'Alibaba',
    note: 'Drive and Photo Service: the token answer says who you are, an expiry has four spellings.',
    configure: (at) => aliyunPds({ ...registered(at), domainId: domainOf(at) }),
    call: postJson,
  },
  'pds-jwt': {
    group: 'Alibaba',
    note: 'No login page: the app has logged its user in itself, and vouches for them by a signed assertion.',
    configure: vouching,
    at: 'pds',
    vouches: true,
    call: postJson,
  },
  welink: {
    group: 'Huawei',
    note: 'Success is code 60001, and everything is a string. No refresh token.',
    configure: (at) => welink(registered(at)),
    endsWithToken: true,
  },
  'open-platform': {
    group: 'Open platforms',
    note: 'The shape many share: redirect_url, scopes with commas, an open_id.',
    configure: (at) =>
      openPlatform({
        name: at.name,
        title: 'Open platform',
        ...registered(at),
        endpoints: at.endpoints as OpenPlatformOptions['endpoints'],
        scope: ['user_info', 'calendar'],
      }),
  },
  dingtalk: {
    group: 'Open platforms',
    note: 'JSON in place of forms, authCode in place of code, a token header of its own.',
    configure: (at) => dingtalk(registered(at)),
  },
  feishu: {
    group: 'Open platforms',
    note: 'Knows PKCE; what it says about you comes in an envelope.',
    configure: (at) => feishu(registered(at)),
  },
  douyin: {
    group: 'Open platforms',
    note: 'client_key in place of client_id, and status 200 for every error.',
    configure: (at) => douyin(registered(at)),
    refuses: (body) => (body as { err_no?: number }).err_no === 28001003,
  },
  oidc: {
    group: 'Standard',
    note: 'OpenID Connect: discovery, rotating refresh tokens, logout at the provider too.',
    configure: (at) =>
      oidc({
        name: at.name,
        title: 'OpenID Provider',
        issuer: at.origin,
        ...credentials(at),
        // A refresh token is given for this scope, and only when the user is asked [OpenID Connect Core 11].
        scope: 'openid profile email offline_access',
        authorizationParams: { prompt: 'consent' },
      }),
  },
};

/** The stand-ins that the demo needs. */
export const labProviders = [...new Set(Object.entries(plans).map(([name, { at }]) => at ?? name))].map(
  (name) => name as LabProviderName,
);

export function choices(lab: Lab): Choice[] {
  return Object.entries(plans).map(([name, { at: stands = name, configure, vouches, ...plan }]) => {
    const at = lab.provider(stands);
    const provider = configure(at);
    const revokes = provider.discovery || provider.endpoints.revocation !== undefined;
    return {
      ...plan,
      name,
      title: provider.title,
      at,
      provider,
      revokes,
      ...(vouches && { users: at.users }),
    };
  });
}

function credentials({ clients }: LabProvider) {
  const { clientId, clientSecret } = clients.web;
  return { clientId, clientSecret };
}

function registered(at: LabProvider) {
  return { ...credentials(at), endpoints: at.endpoints };
}

function domainOf({ details }: LabProvider): string {
  return details.domainId as string;
}

function vouching(at: LabProvider): Provider {
  const { clientId, keyId, privateKeyPem } = (at.clients as PdsClients).jwt;
  // Without that of the login page, so that nobody is offered one.
  const { authorization: _, ...endpoints } = at.endpoints;
  return aliyunPdsJwt({
    domainId: domainOf(at),
    clientId,
    keyId,
    privateKey: privateKeyPem,
    endpoints,
  });
}
