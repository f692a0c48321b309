/** What a visitor does on the pages of a provider. */
export interface Choices {
  /** Who to log in as. */
  readonly user: string;
  /** What to say to the request for consent. */
  readonly decision: 'approve' | 'deny';
}

const longestWay = 20;

/**
 * Walks through the pages of a provider as a user would, until it leads elsewhere.
 *
 * @param cookies what the browser keeps; of a new one, nothing
 * @returns the first URL outside the provider's own origins, which is not fetched
 * @throws Error if a page is an error page, or the way does not end
 */
export async function visit(
  start: URL,
  origins: readonly string[],
  choices: Choices,
  cookies: Map<string, string>,
): Promise<URL> {
  let step: { url: URL; form?: URLSearchParams } = { url: start };

  for (let count = 0; count < longestWay; count += 1) {
    if (!origins.includes(step.url.origin)) return callback(step.url, step.form);
    const answer = await fetch(step.url, {
      method: step.form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { accept: 'text/html', cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
      ...(step.form && { body: step.form }),
    });
    keepCookies(cookies, answer.headers);
    const location = answer.headers.get('location');
    const page = await answer.text();
    if (location !== null) step = { url: new URL(location, step.url) };
    // An error that is posted to the client comes on a page with a status of its own.
    else if (answer.ok || page.includes('<form')) step = fillIn(page, step.url, choices);
    else throw new Error(`${step.url.origin} shows an error page (${answer.status}): ${textOf(page)}`);
  }
  throw new Error(`${start.origin} led through ${longestWay} pages and did not come to an end`);
}

/** What `response_mode=form_post` would post to the client is told as if it were a redirect. */
function callback(url: URL, form?: URLSearchParams): URL {
  for (const [name, value] of form ?? []) url.searchParams.append(name, value);
  return url;
}

function keepCookies(cookies: Map<string, string>, headers: Headers): void {
  for (const line of headers.getSetCookie()) {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf('='));
    const expires = attributes.find((attribute) => /^expires=/i.test(attribute))?.slice('expires='.length);
    if (expires !== undefined && Date.parse(expires) <= Date.now()) cookies.delete(name);
    else cookies.set(name, pair.slice(name.length + 1));
  }
}

function fillIn(page: string, url: URL, choices: Choices): { url: URL; form: URLSearchParams } {
  const action = /<form[^>]*\baction="([^"]*)"/.exec(page)?.[1];
  if (action === undefined) throw new Error(`${url.origin} shows a page without a form: ${textOf(page)}`);
  const form = new URLSearchParams();
  for (const [, name = '', value = ''] of page.matchAll(
    /<input type="hidden" name="([^"]*)" value="([^"]*)"/g,
  )) {
    form.append(name, unescapeHtml(value));
  }
  for (const [name, value] of Object.entries({ ...choices, logout: 'yes' })) {
    if (page.includes(` name="${name}"`) && !form.has(name)) form.append(name, value);
  }
  return { url: new URL(unescapeHtml(action), url), form };
}

function textOf(page: string): string {
  const [, main = page] = /<main>(.*)<\/main>/s.exec(page) ?? [];
  return unescapeHtml(main.replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim();
}

function unescapeHtml(text: string): string {
  const characters: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => characters[name] ?? '');
}
