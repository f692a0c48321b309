import type { Feed } from '../feed.js';
import { type Html, html } from '../html.js';

/** What has happened so far, newest first; the browser script adds what comes. */
export function panel(feed: Feed, store: string): Html {
  const entries = feed.since(0);
  const choice = (value: string, text: string, checked = false) =>
    html`<label><input type="radio" name="show" value="${value}"${checked && html` checked`}><span>${text}</span></label>`;
  return html`<aside class="panel" aria-labelledby="panel-heading">
<header>
<h2 id="panel-heading">What happens</h2>
<p class="state" id="feed-state">Reload to update</p>
<p class="hint">Events of the middleware, and requests that the providers got. Newest first, secrets masked. Sessions
are in ${store}.</p>
<fieldset class="filter">
<legend class="unseen">Show</legend>
${choice('all', 'All', true)}${choice('event', 'Events')}${choice('request', 'Requests')}
</fieldset>
</header>
<ol id="entries" reversed data-last="${entries.at(-1)?.id ?? 0}">${entries.toReversed().map((entry) => entry.html)}</ol>
<p class="empty">Nothing yet. Log in, and watch.</p>
</aside>`;
}
