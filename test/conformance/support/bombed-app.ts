/**
 * Apps in a process of their own, whose memory is theirs alone: `node --expose-gc --import tsx bombed-app.ts REDIS_URL`.
 * Each line of the standard input, the endpoints of a provider, starts another app, which has not asked it anything yet;
 * its URL is the next line of the standard output.
 */
import { createInterface } from 'node:readline';
import { oidc } from '../../../src/index.js';
import { serveApp } from '../../support/app.js';
import { CLIENT_ID, CLIENT_SECRET } from './provider.js';
import { addRenewal } from './renewal.js';

/** The most memory that was in use since it was last asked for. */
let peak = 0;
setInterval(look, 2).unref();

function look(): void {
  peak = Math.max(peak, process.memoryUsage.rss());
}

for await (const issuer of createInterface({ input: process.stdin })) {
  const provider = oidc({
    name: 'oidc',
    issuer,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    userinfo: 'always',
  });
  const { url } = await serveApp({
    providers: [provider],
    session: { redis: process.argv[2] as string },
    routes(app) {
      addRenewal(app);
      app.get('/memory', (_req, res) => {
        look();
        res.json({ peak });
        globalThis.gc?.();
        peak = 0;
        look();
      });
    },
  });
  process.stdout.write(`${url}\n`);
}
