import { aliyun, oidc, type Provider } from 'express-oauth-login';
import type { Lab, LabProvider, LabProviderName } from 'express-oauth-login/testing';

/** One way to log in. */
export interface Choice {
  /** The stand-in that the lab runs. */
  readonly at: LabProvider;
  /** The same, as the middleware knows it. */
  readonly provider: Provider;
  readonly title: string;
  /** What is special about it, in a few words. */
  readonly note: string;
}

interface Plan extends Omit<Choice, 'at' | 'provider'> {
  readonly configure: (at: LabProvider, title: string) => Provider;
}

/** A provider that the lab learns appears in the demo once it has a line here. */
const plans: Partial<Record<LabProviderName, Plan>> = {
  aliyun: {
    title: 'Alibaba Cloud',
    note: 'RAM OAuth: refresh tokens that stay the same, a revocation of its own form.',
    configure: (at, title) =>
      aliyun({ title, ...credentials(at), endpoints: at.endpoints, scope: 'openid aliuid profile' }),
  },
  oidc: {
    title: 'OpenID Provider',
    note: 'Standard OpenID Connect: discovery, rotating refresh tokens, logout at the provider too.',
    configure: (at, title) =>
      oidc({
        name: 'oidc',
        title,
        issuer: at.origin,
        ...credentials(at),
        // A refresh token is given for this scope, and only when the user is asked [OpenID Connect Core 11].
        scope: 'openid profile email offline_access',
        authorizationParams: { prompt: 'consent' },
      }),
  },
};

export const labProviders = Object.keys(plans) as LabProviderName[];

export function choices(lab: Lab): Choice[] {
  return Object.entries(plans).map(([name, { title, note, configure }]) => {
    const at = lab.provider(name);
    return { at, title, note, provider: configure(at, title) };
  });
}

function credentials({ clients }: LabProvider) {
  const { clientId, clientSecret } = clients.web;
  return { clientId, clientSecret };
}
