/** A URL that an app gave to a browser: in `Location`, in a link, in a form. */
export interface Given {
  readonly url: string;
  /** The page on which the browser stands. */
  readonly page: string;
}

/** Where a browser would go. */
export function landing({ url, page }: Given): URL {
  return new URL(url, page);
}

/**
 * What is wrong with a URL that was to lead to a page of the app, as a browser sees it [WHATWG URL]; nothing, if it leads
 * there. Whatever that page is to go on to by its own `returnTo` is judged as well.
 */
export function fault(given: Given): string | undefined {
  const { url, page } = given;
  if (/[^\x21-\x7e]/.test(url)) return 'holds characters that have no place in a URL';
  if (!URL.canParse(url, page)) return 'is no URL';
  const { origin, pathname, searchParams } = landing(given);
  if (origin !== new URL(page).origin) return `leads to ${origin}`;
  // The next who resolves this path would take it for a host.
  if (pathname.startsWith('//')) return 'begins with two slashes';
  for (const next of searchParams.getAll('returnTo')) {
    const further = fault({ url: next, page });
    if (further !== undefined) return `goes on to ${JSON.stringify(next)}, which ${further}`;
  }
  return undefined;
}

/** The URLs of the links and forms of a page. */
export function linksOf(html: string): string[] {
  const found = html.matchAll(/\s(?:href|action|src|formaction)\s*=\s*"([^"]*)"/gi);
  return [...found].map(([, value = '']) =>
    value.replace(/&(amp|lt|gt|quot|#39);/g, (_all, name: string) => entities[name] as string),
  );
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
