import type { Reply } from '../unit/wire/server.js';
import { accepts, type Row, refuses, table } from './support/cases.js';
import { type DialectUnderTest, dialects } from './support/dialects.js';
import type { Script } from './support/provider.js';
import { useStage } from './support/stage.js';

const stage = useStage();
const [oidc] = dialects as [DialectUnderTest];

const par: Script = {
  metadata: ({ issuer }) => ({
    require_pushed_authorization_requests: true,
    pushed_authorization_request_endpoint: `${issuer}/par`,
  }),
};
const pushed = (rows: Row<Reply>[]) =>
  table('RFC 9126 2.2, 2.3', rows, (reply) => ({
    fresh: true,
    script: { ...par, answers: { par: reply } },
  }));
const markup = '"><img src=x onerror=alert(1)>';

// Nobody is sent anywhere before the provider has taken the request.
describe('an authorization request that was pushed', () => {
  accepts(stage, oidc, [{ id: 'base', does: 'is taken', source: 'RFC 9126 2.2', fresh: true, script: par }]);
  refuses(
    stage,
    oidc,
    pushed([
      ['uri-missing', 'is taken without a request_uri', { status: 201, body: { expires_in: 60 } }],
      [
        'uri-empty',
        'is taken with an empty request_uri',
        { status: 201, body: { request_uri: '', expires_in: 60 } },
      ],
      ['uri-number', 'is taken with a number', { status: 201, body: { request_uri: 1, expires_in: 60 } }],
      ['uri-list', 'is taken with a list', { status: 201, body: { request_uri: ['urn:x'], expires_in: 60 } }],
      ['lifetime-missing', 'is taken for no time', { status: 201, body: { request_uri: 'urn:x' } }],
      [
        'lifetime-text',
        'is taken for a text',
        { status: 201, body: { request_uri: 'urn:x', expires_in: 'soon' } },
      ],
      ['error', 'is refused', { status: 400, body: { error: 'invalid_request', error_description: markup } }],
      ['error-markup', 'is refused with markup', { status: 400, body: { error: markup } }],
      [
        'error-in-201',
        'is taken, with an error',
        { status: 201, body: { request_uri: 'urn:x', expires_in: 60, error: 'invalid_request' } },
      ],
      ['html', 'is answered with a page', { status: 201, body: `<html>${markup}</html>` }],
      ['empty', 'is answered with nothing', { status: 201, body: '' }],
      ['list', 'is answered with a list', { status: 201, body: [] }],
      ['redirect', 'is sent elsewhere', { status: 307, headers: { location: '/elsewhere' } }],
      [
        'huge',
        'is answered with 2 MiB',
        { status: 201, body: { request_uri: 'x'.repeat(2 ** 21), expires_in: 60 } },
      ],
      ['secret', 'is refused: the client is not known', { status: 401, body: { error: 'invalid_client' } }],
    ]),
    { code: ['provider_protocol', 'provider_rejected', 'invalid_client'], after: 'par' },
  );
});
