import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { OidcOptions } from '../../src/index.js';
import type { Lab, LabProvider } from '../../src/testing/index.js';
import { SECRET } from './app.js';
import type { RedisServer } from './redis-server.js';

/** An app in a process of its own. */
export interface AppProcess {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts an app with what the lab has of `aliyun` and `oidc`; the processes on one Redis are one app. */
export async function startAppProcess(
  lab: Lab,
  redis: RedisServer,
  oidcOptions: { [Option in keyof OidcOptions]?: OidcOptions[Option] | undefined } = {},
): Promise<AppProcess> {
  const { aliyun, oidc } = lab.providers as Record<'aliyun' | 'oidc', LabProvider>;
  const credentials = ({ clients: { web } }: LabProvider) => ({
    clientId: web.clientId,
    clientSecret: web.clientSecret,
  });
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/support/app-process.ts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      APP_OPTIONS: JSON.stringify({
        redis: redis.url,
        secret: SECRET,
        aliyun: { ...credentials(aliyun), endpoints: aliyun.endpoints },
        oidc: {
          ...credentials(oidc),
          name: 'oidc',
          issuer: oidc.endpoints.issuer,
          scope: 'openid offline_access',
          authorizationParams: { prompt: 'consent' },
          ...oidcOptions,
        },
        api: oidc.api,
      }),
    },
  });
  const [line] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line');
  const url = `http://127.0.0.1:${JSON.parse(line as string).port}`;
  for (const [name, provider] of Object.entries(lab.providers)) {
    provider.registerRedirectUri(`${url}/auth/callback/${name}`);
  }
  return {
    url,
    async stop() {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}
