import { aliyun } from './aliyun/index.js';
import { dingtalk } from './dingtalk/index.js';
import { douyin } from './douyin/index.js';
import { feishu } from './feishu/index.js';
import { oidc } from './oidc/index.js';
import { isOidcProviderInstalled } from './oidc/load.js';
import { openPlatform } from './open-platform/index.js';
import { pds } from './pds/index.js';
import { openProvider } from './provider.js';
import { initialSettings } from './settings.js';
import { openSite, type Site } from './site.js';
import type { Blueprint } from './stand-in.js';
import type { Lab, LabOptions, LabProvider, LabProviderName } from './types.js';
import { welink } from './welink/index.js';

const blueprints: Readonly<Record<LabProviderName, Blueprint>> = {
  aliyun,
  oidc,
  pds,
  welink,
  'open-platform': openPlatform,
  douyin,
  dingtalk,
  feishu,
};

/**
 * Starts stand-ins for identity providers on this machine, to develop and test against: they refuse what the
 * documentation of the real ones refuses, log what they get, and fail on request.
 *
 * The `oidc` provider is the npm package `oidc-provider`: it is among the default ones where that is installed.
 *
 * @example
 * const lab = await startLab({ providers: ['aliyun'] });
 * const provider = lab.provider('aliyun');
 * provider.registerRedirectUri('http://127.0.0.1:3000/auth/callback/aliyun');
 * const { clientId, clientSecret } = provider.clients.web;
 * // oauthRouter(aliyun({ clientId, clientSecret, endpoints: provider.endpoints }))
 * await lab.close();
 *
 * @throws TypeError if an option or a setting is unknown
 * @throws Error if a provider is unknown, a port is taken, or `oidc` is asked for and `oidc-provider` is missing
 */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  refuseUnknown('startLab', options, ['providers', 'port', 'host', 'publicHost', 'defaults']);
  const { port = 0, host = '127.0.0.1', publicHost = host, defaults = {} } = options;
  if (options.providers !== undefined && !Array.isArray(options.providers)) {
    throw new TypeError("startLab: `providers` is an array of names, such as ['aliyun']");
  }
  refuseUnknown('startLab: `defaults`', defaults, settingNames());
  const plans = (options.providers ?? (await available())).map(blueprintOf);
  const closing = new AbortController();
  const sites: Site[] = [];
  const providers: Record<string, LabProvider> = {};

  const open = async () => {
    const site = await openSite({ host, publicHost, port: port === 0 ? 0 : port + sites.length });
    sites.push(site);
    return site;
  };
  const close = async () => {
    closing.abort();
    await Promise.all(sites.map((site) => site.close()));
  };

  try {
    // Main sites first, so that their ports follow one another.
    const mains: [Blueprint, Site][] = [];
    for (const plan of plans) mains.push([plan, await open()]);
    for (const [plan, main] of mains) {
      const further: Site[] = [];
      while (further.length < plan.furtherSites) further.push(await open());
      const premises = { sites: [main, ...further] as const, defaults, closing: closing.signal };
      providers[plan.name] = await openProvider(plan, premises);
    }
  } catch (error) {
    await close();
    throw error;
  }

  const provider = (name: string): LabProvider => {
    const found = Object.hasOwn(providers, name) ? providers[name] : undefined;
    if (found) return found;
    throw new Error(`The lab has no provider '${name}', only ${Object.keys(providers).join(', ')}`);
  };
  return { providers, provider: provider as Lab['provider'], close };
}

/** A mistyped option or setting would leave the default in place, and a test would pass for another reason. */
function refuseUnknown(where: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`${where} takes an object`);
  }
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(`${where}: there is no '${unknown}', only ${known.join(', ')}`);
}

/** All of them; the OpenID Provider where its package is installed. */
async function available(): Promise<LabProviderName[]> {
  const names = Object.keys(blueprints) as LabProviderName[];
  return (await isOidcProviderInstalled()) ? names : names.filter((name) => name !== 'oidc');
}

function settingNames(): string[] {
  return [
    ...new Set(Object.values(blueprints).flatMap(({ settings }) => Object.keys(initialSettings(settings)))),
  ];
}

function blueprintOf(name: string): Blueprint {
  const found = Object.hasOwn(blueprints, name) ? blueprints[name as LabProviderName] : undefined;
  if (found) return found;
  throw new Error(`There is no lab provider '${name}', only ${Object.keys(blueprints).join(', ')}`);
}
