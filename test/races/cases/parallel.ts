import { startLab } from '../../../src/testing/index.js';
import type { App } from '../lab/app.js';
import { Browser } from '../lab/browser.js';
import { type Case, type Figure, figure, tally } from '../lab/case.js';
import { times } from '../lab/flow.js';
import { World } from '../lab/world.js';

const PROCESSES = 4;
const REQUESTS = 200;

/** Everybody finds the token expired at once; one asks the provider, and all get what it got. */
const parallel: Case = async () => {
  const strict = await World.with(
    { processes: PROCESSES, strictness: { firstLifetime: 0 } },
    async (world) => {
      const figures: Figure[] = [];
      for (const idToken of [true, false]) {
        for (const hold of [0, 5000]) {
          const { provider, apps } = world;
          provider.idTokenOnRefresh = idToken;
          const user = world.newUser();
          await user.logIn(apps[0] as App);
          provider.intercept = ({ moment }) => (moment === 'processed' ? later(hold) : undefined);
          const answers = await storm(user, apps);
          const kind = idToken ? 'OpenID Connect' : 'OAuth 2.0';
          figures.push(
            judge(`${kind}, ${hold / 1000} s`, answers, provider.families.of(user.user).uses.length),
          );
        }
      }
      return figures;
    },
  );
  return [...strict, await atTheLab()];
};

/** The same against a stand-in that shares nothing with the strict provider of this laboratory. */
async function atTheLab(): Promise<Figure> {
  const lab = await startLab({ providers: ['aliyun'], defaults: { rotateRefreshTokens: true } });
  try {
    const stand = lab.provider('aliyun');
    const { clientId, clientSecret } = stand.clients.web;
    const options = { clientId, clientSecret, endpoints: stand.endpoints };
    const provider = { factory: 'aliyun', options } as const;
    return await World.with({ processes: PROCESSES, provider }, async ({ apps }) => {
      for (const { url } of apps) stand.registerRedirectUri(`${url}/auth/callback/aliyun`);
      const user = new Browser('alice');
      stand.alter('token', (answer) => ({ ...answer, expires_in: 0 }));
      await user.logIn(apps[0] as App, 'aliyun', (url) => stand.signIn(url));
      stand.slow('token', 5000);
      const answers = await storm(user, apps);
      return judge('stand-in for Alibaba Cloud, 5 s', answers, stand.tokenRequests('refresh_token').length);
    });
  } finally {
    await lab.close();
  }
}

async function storm(user: Browser, apps: readonly App[]) {
  return Promise.all(apps.flatMap((app) => times(REQUESTS, () => user.ask(app, '/token'))));
}

function judge(how: string, answers: Awaited<ReturnType<typeof storm>>, requests: number): Figure {
  const tokens = new Set(answers.map(({ body }) => body.accessToken));
  const all = PROCESSES * REQUESTS;
  return figure(
    `${PROCESSES} processes × ${REQUESTS} requests, expired token (${how})`,
    `${requests} token requests, ${tally(answers.map(({ status }) => status))}, ${tokens.size} tokens`,
    `1 token request, ${all} answers of 200, 1 token`,
    requests === 1 && answers.every(({ status }) => status === 200) && tokens.size === 1,
  );
}

async function later(milliseconds: number): Promise<undefined> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return undefined;
}

export default parallel;
