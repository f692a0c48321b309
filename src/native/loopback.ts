import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Jwk } from '../client-authentication.js';
import { isLoopbackHost, OptionReader } from '../config.js';
import { ConfigurationError, LoginRequiredError, OAuthLoginError } from '../errors.js';
import { parseCallback } from '../login/callback.js';
import { finishLogin, startLogin } from '../login/login.js';
import { createTransactions, randomToken, type Transactions } from '../login/transaction.js';
import type { User } from '../login/user.js';
import { renderPage } from '../page.js';
import { hasLoginPage, isProvider, type Provider } from '../provider.js';
import { createMemoryStores } from '../stores/memory.js';
import { createSealer } from '../stores/sealing.js';
import type { TokenSet } from '../tokens/token-set.js';
import { createProviderClient, type ProviderClient } from '../wire/client.js';

/** Options of {@link loginViaLoopback}. */
export interface LoopbackLoginOptions {
  /** Opens the URL in the user's browser. Default: prints it on standard error. */
  open?: ((url: string) => unknown) | undefined;
  /** The port to listen on. Default 0: a free one. */
  port?: number | undefined;
  /** Default `127.0.0.1`; `::1` for IPv6. */
  host?: '127.0.0.1' | '::1' | undefined;
  /** Seconds until the login is given up. Default 300. */
  timeout?: number | undefined;
}

/** What a loopback login gives. */
export interface LoopbackLogin {
  /** Who logged in. */
  readonly user: User;
  /** The tokens; nothing keeps or refreshes them but the program itself. */
  readonly tokens: TokenSet;
  /** The private key to which the tokens are bound, where the provider has `dpop` [RFC 9449]. As secret as the tokens. */
  readonly proofKey?: Jwk;
}

/** Seconds for one call to the provider. */
const PROVIDER_TIMEOUT = 10;

/**
 * Logs a user in to a desktop or command-line program [RFC 8252]: the browser comes back to a port of this machine,
 * where one answer is taken, and then nothing more. Needs no secret; the provider's `redirectUri`, if it has one,
 * says host, port and path.
 *
 * @throws ConfigurationError naming the option and the fix; also for a provider with `responseMode: 'form_post'`, and for one
 *   without a login page.
 * @throws LoginRequiredError when nobody logged in in time; AuthorizationDeniedError when the user declined;
 *   TransactionError when the answer names another issuer;
 *   ProviderRejectedError, ProviderProtocolError, ProviderUnavailableError.
 *
 * @example
 * const { user, tokens } = await loginViaLoopback(provider, { open: (url) => open(url) });
 */
export async function loginViaLoopback(
  provider: Provider,
  options: LoopbackLoginOptions = {},
): Promise<LoopbackLogin> {
  const { open, timeout, ...place } = readOptions(provider, options);
  const client = createProviderClient(provider, { timeout: PROVIDER_TIMEOUT });
  const sealer = createSealer([randomBytes(32)]);
  const transactions = createTransactions(createMemoryStores().transactions, sealer);
  const browser = randomToken();
  const server = createServer();
  try {
    const listening = await listen(server, place);
    // Exactly as it is registered.
    const redirectUri = provider.redirectUri ?? listening;
    const url = await startLogin(client, transactions, { browser, redirectUri, returnTo: '/' });
    const answered = takeOneAnswer(server, new URL(redirectUri), { client, transactions, browser });
    const late = deadline(timeout);
    // Both may fail while the browser is being opened.
    for (const outcome of [answered, late.passed]) outcome.catch(() => {});
    try {
      await open(url.href);
      return await Promise.race([answered, late.passed]);
    } finally {
      late.cancel();
    }
  } finally {
    server.close();
    server.closeIdleConnections();
  }
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

function readOptions(provider: Provider, options: LoopbackLoginOptions) {
  if (!isProvider(provider)) {
    throw new ConfigurationError(
      'invalid_option',
      'loginViaLoopback takes a provider. Make it with oidc(), another factory, or defineProvider().',
    );
  }
  const read = new OptionReader('loginViaLoopback', options);
  const port = read.any('port') ?? 0;
  if (!Number.isInteger(port) || (port as number) < 0 || (port as number) > 65_535) {
    throw read[typeof port === 'number' ? 'unfit' : 'wrong'](
      'port',
      port,
      'give a port from 1 to 65535, or 0 for a free one',
    );
  }
  const result = {
    open:
      read.function<NonNullable<LoopbackLoginOptions['open']>>('open', 'give a function that opens a URL') ??
      print,
    port: port as number,
    host: read.oneOf('host', ['127.0.0.1', '::1'], '127.0.0.1') as string,
    timeout: read.seconds('timeout', 300, 0.001),
    path: '/callback',
  };
  read.end();
  if (!hasLoginPage(provider)) {
    throw read.conflict(
      `the provider '${provider.name}' has no login page: your app vouches for its users itself. Use req.oauth.loginWithAssertion on a server instead.`,
    );
  }
  // A form would be posted by a page of the provider's, and any page could do that.
  if (provider.responseMode !== 'query') {
    throw read.conflict("the provider's `responseMode` is 'form_post'. A loopback login needs 'query'.");
  }
  if (provider.redirectUri === undefined) return result;
  const { protocol, hostname, port: fixed, pathname } = new URL(provider.redirectUri);
  if (protocol !== 'http:' || !isLoopbackHost(hostname)) {
    throw read.conflict(
      "the provider's `redirectUri` is not on this machine. Give it a loopback one, or none.",
    );
  }
  return { ...result, host: hostname.replace(/^\[|\]$/g, ''), port: Number(fixed || 80), path: pathname };
}

function print(url: string): void {
  process.stderr.write(`Open this page in your browser to log in:\n${url}\n`);
}

async function listen(server: Server, { host, port, path }: Place): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `loginViaLoopback cannot listen on ${host} port ${port}. Give another \`port\`, or 0 for a free one.`;
      reject(new ConfigurationError('invalid_option', message, { cause }));
    });
    server.listen(port, host, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${actual}${path}`;
}

interface Waiting {
  readonly client: ProviderClient;
  readonly transactions: Transactions;
  readonly browser: string;
}

/** Takes the one answer that has our state, and refuses everything else: any page in the browser can call this port. */
function takeOneAnswer(server: Server, redirectUri: URL, waiting: Waiting): Promise<LoopbackLogin> {
  let taken = false;
  return new Promise((resolve, reject) => {
    server.on('request', async (req, res) => {
      if (!isForUs(req, redirectUri)) {
        respond(res, 404, 'Nothing here', 'This is not the page you are looking for.');
        return;
      }
      try {
        const params = parseCallback(new URL(req.url ?? '/', redirectUri).search.slice(1));
        const outcome = await finishLogin(waiting.client, waiting.transactions, waiting.browser, params);
        if (outcome.kind !== 'completed' || taken) {
          respond(res, 400, 'This login is not known', 'It was used already, or did not begin here.');
          return;
        }
        taken = true;
        respond(res, 200, 'You are logged in', 'You can close this window and go back to the program.');
        resolve(outcome.login);
      } catch (error) {
        const known = error instanceof OAuthLoginError;
        const status = known ? error.status : 500;
        respond(
          res,
          status,
          'The login failed',
          'You can close this window. The program says what went wrong.',
        );
        // A malformed callback is nobody's answer: it says nothing about the login that is under way.
        if (!(known && error.code === 'callback_malformed')) reject(error);
      }
    });
  });
}

/** A page whose host name points here, but is not ours, must not reach us (DNS rebinding). */
function isForUs(req: IncomingMessage, redirectUri: URL): boolean {
  const path = (req.url ?? '').split('?')[0];
  return req.method === 'GET' && path === redirectUri.pathname && req.headers.host === redirectUri.host;
}

function respond(res: ServerResponse, status: number, title: string, message: string): void {
  const { html, headers } = renderPage(title, `<p>${message}</p>`);
  res
    .writeHead(status, { ...headers, 'Content-Type': 'text/html; charset=utf-8', Connection: 'close' })
    .end(html);
}

function deadline(timeout: number): { passed: Promise<never>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new LoginRequiredError('login_required', `Nobody logged in within ${timeout} s.`));
    }, timeout * 1000);
  });
  return { passed, cancel: () => clearTimeout(timer) };
}
