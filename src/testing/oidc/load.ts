import type * as OidcProvider from 'oidc-provider';

let loading: Promise<typeof OidcProvider> | undefined;

/**
 * Loads `oidc-provider`, which only those need who test with it.
 *
 * @throws Error if it is not installed
 */
export function loadOidcProvider(): Promise<typeof OidcProvider> {
  loading ??= withoutRuntimeWarning(() => import('oidc-provider')).catch(explain);
  return loading;
}

/** Whether the package is there. */
export async function isOidcProviderInstalled(): Promise<boolean> {
  return await loadOidcProvider().then(
    () => true,
    (error: unknown) => {
      if (error instanceof MissingOidcProviderError) return false;
      throw error;
    },
  );
}

class MissingOidcProviderError extends Error {}

function explain(cause: NodeJS.ErrnoException): never {
  const isMissing = cause.code === 'ERR_MODULE_NOT_FOUND' && cause.message.includes("'oidc-provider'");
  if (!isMissing) throw cause;
  const fix = "run `npm install --save-dev oidc-provider@9`, or start the lab with `providers: ['aliyun']`";
  throw new MissingOidcProviderError(
    `The lab's provider 'oidc' needs the package oidc-provider, which is missing: ${fix}`,
    {
      cause,
    },
  );
}

/** On Node 20, which is enough for the lab, it warns at import that it wants a later one. */
async function withoutRuntimeWarning<Result>(run: () => Promise<Result>): Promise<Result> {
  const { warn } = console;
  console.warn = (...parts: unknown[]) => {
    if (!String(parts[0]).includes('oidc-provider WARNING: Unsupported runtime')) warn(...parts);
  };
  try {
    return await run();
  } finally {
    console.warn = warn;
  }
}
