import {
  AuthorizationDeniedError,
  ProviderRejectedError,
  ProviderUnavailableError,
  retryAfter,
  TransactionError,
} from '../errors.js';

const LONGEST_CODE = 4096;
const LONGEST_STATE = 512;
const LONGEST_QUERY = 16_384;

/**
 * Reads the parameters of a callback from the raw query or form, so that no parser has already made arrays or objects
 * of them.
 *
 * @throws TransactionError when anything about them is unlike an honest answer.
 */
export function parseCallback(query: string): URLSearchParams {
  if (query.length > LONGEST_QUERY) throw malformed('it is too long');
  const params = new URLSearchParams(query);
  const names = [...params.keys()];
  if (new Set(names).size !== names.length) throw malformed('a parameter came twice');
  if (names.some((name) => /[[\]]/.test(name))) throw malformed('a parameter is an array');
  return params;
}

/** The state of a callback whose parameters have their standard names. */
export function readState(params: URLSearchParams): string {
  for (const name of ['state', 'code', 'error', 'iss']) {
    if (params.getAll(name).length > 1) throw malformed(`it holds two different values of ${name}`);
  }
  const state = params.get('state');
  if (!state || state.length > LONGEST_STATE) throw malformed('the state is missing or too long');
  const code = params.get('code');
  if (code !== null && params.has('error')) throw malformed('it holds a code and an error');
  if (code === null && !params.has('error')) throw malformed('it holds neither a code nor an error');
  if (code !== null && (code.length > LONGEST_CODE || !/^[\x20-\x7e]+$/.test(code))) {
    throw malformed(`the code must be 1 to ${LONGEST_CODE} printable ASCII characters`);
  }
  return state;
}

/**
 * What an error in a callback means [RFC 6749 4.1.2.1, OpenID Connect Core Unmet Authentication Requirements 1.0].
 *
 * @param map the provider's own codes, and the standard ones for them.
 */
export function callbackError(error: string, map: Readonly<Record<string, string>> = {}): Error {
  const details = { providerCode: error };
  switch (Object.hasOwn(map, error) ? map[error] : error) {
    case 'access_denied':
    case 'consent_required':
      return new AuthorizationDeniedError('access_denied', 'The login was declined.', details);
    case 'unmet_authentication_requirements':
      return new AuthorizationDeniedError(
        'insufficient_user_authentication',
        'This needs a stronger login than this user has.',
        details,
      );
    case 'server_error':
    case 'temporarily_unavailable':
      return new ProviderUnavailableError('provider_unavailable', 'The provider cannot log anybody in now.', {
        ...details,
        headers: retryAfter(1000),
      });
    default:
      return new ProviderRejectedError('provider_rejected', 'The provider refused the login.', details);
  }
}

/** The errors by which a provider says that a silent login is not possible [OpenID Connect Core 3.1.2.6]. */
export function needsInteraction(error: string): boolean {
  return /^(?:login|interaction|consent|account_selection)_required$/.test(error);
}

function malformed(what: string): TransactionError {
  return new TransactionError('callback_malformed', `The callback is malformed: ${what}.`);
}
