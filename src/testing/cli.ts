#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { startLab } from './lab.js';
import { describeLab } from './print.js';
import type { LabProviderName } from './types.js';

const usage = `Usage: express-oauth-login lab [--port <number>] [--provider <name>]… [--redirect-uri <url>]…

Starts stand-ins for login providers on this machine and prints their endpoints and clients.

  --port          the first port to listen on (default: free ones)
  --provider      a provider to start; several times for several (default: all)
  --redirect-uri  a redirect URI that the clients may use; several times for several
`;

const { values, positionals } = readArguments();

if (values.help || positionals[0] !== 'lab' || positionals.length > 1) {
  process.stderr.write(usage);
  process.exitCode = values.help ? 0 : 2;
} else {
  try {
    await run();
  } catch (error) {
    // A provider that is not there, a port that is taken: the message says what to do.
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        port: { type: 'string' },
        provider: { type: 'string', multiple: true },
        'redirect-uri': { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    process.stderr.write(`${(error as Error).message.split('. ', 1)[0]}. See --help.\n`);
    process.exit(2);
  }
}

async function run(): Promise<void> {
  const lab = await startLab({
    ...(values.port !== undefined && { port: Number(values.port) }),
    ...(values.provider && { providers: values.provider as LabProviderName[] }),
  });
  for (const provider of Object.values(lab.providers)) {
    for (const uri of values['redirect-uri'] ?? []) provider.registerRedirectUri(uri);
  }
  const keys = Object.values(lab.providers).flatMap(({ name, clients: { jwt } }) =>
    jwt
      ? [`The private key of the JWT client of ${name}, good for this run:\n${jwt.privateKeyPem.trimEnd()}`]
      : [],
  );
  const parts = [describeLab(lab), ...keys, 'The lab runs until you end it with Ctrl-C.'];
  process.stdout.write(`${parts.join('\n\n')}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => lab.close());
}
