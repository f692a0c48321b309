import type { OptionReader } from '../config.js';
import type { Provider, ProviderDefinition } from '../provider.js';

/**
 * Checks what no member of a definition can show alone.
 *
 * @throws ConfigurationError naming what is missing, or what excludes what.
 */
export function checkTogether(
  options: OptionReader,
  provider: Provider,
  definition: ProviderDefinition,
): void {
  checkIdentitySource(options, provider);
  checkPar(options, provider);
  checkEndpointKeys(options, provider);
  if (provider.dpop) checkDpop(options, definition);
}

/** What is called by the key of a URL would go to the standard URL, or nowhere, if the key were mistyped. */
function checkEndpointKeys(
  options: OptionReader,
  { dialect, identity, endpoints, discovery }: Provider,
): void {
  const named = [
    ['dialect.request.endpoint', dialect.request?.endpoint, 'token'],
    ['dialect.refresh.endpoint', dialect.refresh?.endpoint, 'token'],
    ['dialect.revocation.endpoint', dialect.revocation?.endpoint, 'revocation'],
    ...identity.calls.map(
      (call, index) => [`identity.calls[${index}].endpoint`, call.endpoint, 'userinfo'] as const,
    ),
  ] as const;
  for (const [option, key, standard] of named) {
    // The standard URL may come from the metadata.
    if (key === undefined || endpoints[key] !== undefined || (discovery && key === standard)) continue;
    throw options.conflict(
      `the option '${option}' names the URL '${key}', which is not among the 'endpoints'. Add it there, or name another.`,
    );
  }
}

function checkPar(options: OptionReader, { par, discovery, endpoints }: Provider): void {
  if (par !== true || discovery || endpoints.pushedAuthorization !== undefined) return;
  throw options.missing(
    'endpoints.pushedAuthorization',
    "give the URL to which the option 'par' pushes requests",
  );
}

function checkDpop(options: OptionReader, { assertion, tokenPlacement }: ProviderDefinition): void {
  // RFC 9449 has one place for a bound token, and binds it where a browser goes to the provider.
  const other = tokenPlacement !== undefined ? 'tokenPlacement' : assertion && 'assertion';
  if (other) throw options.conflict(`the options 'dpop' and '${other}' exclude each other. Leave one out.`);
}

/** A provider that could never say who the user is would fail at every login: say so now. */
function checkIdentitySource(options: OptionReader, provider: Provider): void {
  const { source } = provider.identity;
  if (source === 'id_token' && !provider.idToken) {
    throw options.missing(
      'idToken',
      "say how id_tokens are checked ({} will do), or use another 'identity.source'",
    );
  }
  if (source === 'userinfo' && !provider.discovery && provider.endpoints.userinfo === undefined) {
    throw options.missing('endpoints.userinfo', 'give the URL that says who the user is');
  }
  if (source === 'id_token' && !provider.discovery) {
    for (const needed of ['issuer', 'jwks']) {
      if (provider.endpoints[needed] === undefined) {
        throw options.missing(`endpoints.${needed}`, 'give its URL: id_tokens are checked against it');
      }
    }
  }
}
