/**
 * A command-line program that logs its user in [RFC 8252]:
 *
 *   CLIENT_ID=… tsx examples/loopback-cli.ts
 *
 * Register a Native app at Alibaba Cloud and give it the redirect URI http://127.0.0.1:12345/callback.
 */
import { aliyun, isOAuthLoginError } from 'express-oauth-login';
import { loginViaLoopback } from 'express-oauth-login/native';

const provider = aliyun({
  clientId: process.env.CLIENT_ID ?? '',
  redirectUri: 'http://127.0.0.1:12345/callback',
});

try {
  const { user, tokens } = await loginViaLoopback(provider);
  console.log(
    `Hello ${user.name ?? user.sub}. Your token is good until ${new Date(tokens.expiresAt ?? Date.now()).toISOString()}.`,
  );
} catch (error) {
  if (!isOAuthLoginError(error)) throw error;
  console.error(`${error.message} (${error.code})`);
  process.exitCode = 1;
}
