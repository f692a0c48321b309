import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { PrivateKey } from '../client-authentication.js';
import { OptionReader } from '../config.js';
import { ConfigurationError } from '../errors.js';
import type { AssertionSubject, Provider } from '../provider.js';
import { pdsDialect, pdsIdentity, pdsOrigin } from './aliyun-pds.js';
import { type CommonOptions, readCommon, readEndpointOverrides } from './common.js';
import { defineProvider } from './define.js';
import { readPrivateKey } from './private-key.js';

/** Options of {@link aliyunPdsJwt}. */
export interface AliyunPdsJwtOptions extends CommonOptions {
  /** The id of the domain: the first part of `{domainId}.api.aliyunpds.com`. */
  domainId: string;
  /** The application's id (AppId). */
  clientId: string;
  /** The RSA key whose public half the console has: PKCS#8 PEM, JWK or `KeyObject`. */
  privateKey: PrivateKey;
  /** Names the key in the assertion's header. Default: no name. */
  keyId?: string | undefined;
  /** Seconds for which an assertion is valid, 300 at most. Default 60. */
  assertionLifetime?: number | undefined;
  /** Allows `subType: 'service'`, whose tokens are those of a super-administrator. Default `false`. */
  allowServiceTokens?: boolean | undefined;
}

/** The documented sample says 60 s, the vendor's own SDK 300 s. */
const LONGEST_LIFETIME = 300;

/**
 * Alibaba PDS, for JWT apps: the server vouches for a user whom the app itself has authenticated, by a signed
 * assertion. There is no login page: log in by `req.oauth.loginWithAssertion('pds-jwt', { sub })`.
 * Documented at https://help.aliyun.com/document_detail/175893.html.
 *
 * @throws ConfigurationError naming the option and the fix.
 *
 * @example
 * const pds = aliyunPdsJwt({ domainId: 'bj29', clientId: '…', privateKey: process.env.PDS_PRIVATE_KEY! });
 * app.use(oauthRouter(pds));
 */
export function aliyunPdsJwt(options: AliyunPdsJwtOptions): Provider {
  const read = new OptionReader('aliyunPdsJwt', options);
  const origin = pdsOrigin(read);
  const domainId = read.string('domainId', 'give the id of the domain');
  const clientId = read.string('clientId', 'give the AppId from the PDS console');
  const { key } = readPrivateKey(read, {
    algs: /^RS256$/,
    fix: 'give an RSA private key of 2048 bits or more, as PKCS#8 PEM, JWK or KeyObject',
  });
  const kid = read.optionalString('keyId', 'give the id of the key');
  const lifetime = read.wholeSeconds('assertionLifetime', 60);
  if (lifetime > LONGEST_LIFETIME)
    throw read.unfit('assertionLifetime', lifetime, 'give at most 300 seconds');
  const allowServiceTokens = read.boolean('allowServiceTokens', false);

  const assertion = async (subject: AssertionSubject) => {
    const { sub, subType, autoCreate } = readSubject(subject, allowServiceTokens);
    return new SignJWT({ sub_type: subType, ...(autoCreate !== undefined && { auto_create: autoCreate }) })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(kid !== undefined && { kid }) })
      .setIssuer(clientId)
      .setSubject(sub)
      .setAudience(domainId)
      .setJti(randomUUID())
      .setExpirationTime(Math.floor(Date.now() / 1000) + lifetime)
      .sign(key);
  };

  const provider = defineProvider({
    title: 'Alibaba PDS (JWT)',
    pkce: false,
    ...readCommon(read),
    name: read.string('name', 'give a name for the routes', 'pds-jwt'),
    clientId,
    endpoints: {
      token: `${origin}/v2/oauth/token`,
      ...readEndpointOverrides(read),
    },
    identity: pdsIdentity,
    revoke: 'refresh_token_only',
    dialect: pdsDialect,
    assertion,
  });
  read.end();
  return provider;
}

function readSubject(subject: unknown, allowServiceTokens: boolean) {
  const read = new OptionReader('loginWithAssertion', subject);
  const sub = read.string('sub', "give the user's id in the domain");
  const subType = read.oneOf('subType', ['user', 'service'], 'user');
  const autoCreate = read.any('autoCreate') === undefined ? undefined : read.boolean('autoCreate', false);
  read.end();
  if (subType === 'service' && !allowServiceTokens) {
    throw new ConfigurationError(
      'invalid_option',
      "loginWithAssertion: subType 'service' gives the tokens of a super-administrator. If you mean it, give aliyunPdsJwt allowServiceTokens: true.",
    );
  }
  return { sub, subType, autoCreate };
}
