// @ts-check
// What the page can do beyond its forms and links: count down, call without leaving, and show what happens as it does.

/** How far this clock is from the server's, in milliseconds. */
const skew = Number(document.documentElement.dataset.now) - Date.now();
const now = () => Date.now() + skew;

/** @type {(selector: string, within?: ParentNode) => HTMLElement | null} */
const find = (selector, within = document) => within.querySelector(selector);

/** For screen readers: changes only, not every second. @param {string} text */
function announce(text) {
  const region = find('#announcements');
  if (region) region.textContent = text;
}

// --- Token lifetimes ---

/** @type {Record<string, string>} */
const words = {
  good: 'Requests use it as it is.',
  leeway: 'The next request uses it, and it is renewed in the background.',
  expired: 'The next request renews it first.',
};

/** The same where nothing renews it. @type {Record<string, string>} */
const lastWords = {
  good: 'Requests use it as it is.',
  leeway: 'Requests use it to its end.',
  expired: 'This login has ended.',
};

/** @param {HTMLElement} card */
function showLife(card) {
  const life = find('.life[data-expires-at]', card);
  if (!life) return;
  const left = Number(life.dataset.expiresAt) - now();
  const seconds = Math.max(0, Math.ceil(left / 1000));
  const state = left <= 0 ? 'expired' : left <= Number(card.dataset.leeway) * 1000 ? 'leeway' : 'good';
  const whole = Number(card.dataset.lifetime) * 1000;
  life.style.setProperty('--left', String(Math.min(1, Math.max(0, left / whole))));
  const countdown = find('.countdown', life);
  const countdownText = seconds > 0 ? `Token good for ${seconds} s` : 'Token expired';
  if (countdown && countdown.textContent !== countdownText) countdown.textContent = countdownText;
  if (life.dataset.state === state) return;
  const isFirst = life.dataset.state === undefined;
  life.dataset.state = state;
  const next = find('.next', life);
  const text = ('endsWithToken' in card.dataset ? lastWords : words)[state] ?? '';
  if (next) next.textContent = text;
  if (!isFirst && state === 'expired') announce(`The token has expired. ${text}`);
}

/** @param {{ provider: string, expiresAt: number | null, renewals: number }} login */
function updateCard({ provider, expiresAt, renewals }) {
  const card = find(`.card[data-provider="${CSS.escape(provider)}"]`);
  const life = card && find('.life[data-expires-at]', card);
  if (!card || !life || expiresAt === null) return;
  life.dataset.expiresAt = String(expiresAt);
  const shown = find('.renewals', life);
  if (shown && shown.dataset.renewals !== String(renewals)) {
    shown.dataset.renewals = String(renewals);
    shown.textContent = renewals === 1 ? 'renewed once' : `renewed ${renewals} times`;
    announce(`The token was renewed: ${shown.textContent}.`);
    life.classList.remove('renewed');
    // Restarts the animation.
    void life.offsetWidth;
    life.classList.add('renewed');
  }
  showLife(card);
}

const cards = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.card[data-provider]')]);
for (const card of cards) showLife(card);
if (cards.length > 0) setInterval(() => cards.forEach(showLife), 250);

/** A token that is in its last seconds may have been renewed in the background: ask. */
async function askStatus() {
  if (!cards.some((card) => find('.life', card)?.dataset.state !== 'good')) return;
  const response = await fetch('/status', { headers: { accept: 'application/json' } });
  if (!response.ok) return;
  const { logins } = await response.json();
  logins.forEach(updateCard);
}

// --- The buttons of a login ---

/** @param {HTMLElement} card @param {string} text @param {unknown} [body] */
function showResult(card, text, body) {
  const result = find('.result', card);
  if (!result) return;
  const [line, code] = [find('p', result), find('pre', result)];
  if (line) line.textContent = text;
  if (code) {
    code.hidden = body === undefined;
    code.textContent = body === undefined ? '' : JSON.stringify(body, null, 2);
  }
  result.hidden = false;
  announce(text);
}

/** @type {Record<string, (card: HTMLElement, answer: any) => void>} */
const show = {
  call(card, { status, body, login }) {
    showResult(card, `The API answered ${status}.`, body);
    updateCard(login);
  },
  expire(card, { message }) {
    showResult(card, `The provider refuses this token from now on. ${message}`);
  },
};

document.addEventListener('submit', async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const card = /** @type {HTMLElement | null} */ (form.closest('.card'));
  const done = show[form.dataset.action ?? ''];
  if (!card || !done) return;
  event.preventDefault();
  const button = form.querySelector('button');
  // Not `disabled`, which would take the focus away.
  if (button?.getAttribute('aria-disabled') === 'true') return;
  button?.setAttribute('aria-disabled', 'true');
  try {
    const response = await fetch(form.action, {
      method: form.method,
      headers: { accept: 'application/json' },
    });
    const answer = await response.json();
    if (response.ok) done(card, answer);
    else if (response.status === 401) showResult(card, 'This login has ended: 401.', answer);
    else showResult(card, answer.message ?? `The server answered ${response.status}.`);
  } catch {
    showResult(card, 'The server cannot be reached.');
  } finally {
    button?.removeAttribute('aria-disabled');
  }
});

// --- The panel ---

const LIMIT = 200;
const entries = find('#entries');
const feedState = find('#feed-state');

/** The server writes times in UTC. @param {ParentNode} within */
function localTimes(within) {
  for (const time of within.querySelectorAll('time')) {
    time.textContent = new Date(time.dateTime).toLocaleTimeString('en-GB');
  }
}

/** @param {MessageEvent<string>} message */
function addEntry({ data, lastEventId }) {
  if (!entries) return;
  const { html, type } = JSON.parse(data);
  const template = document.createElement('template');
  // Built and escaped by the server, as the entries that came with the page.
  template.innerHTML = html;
  localTimes(template.content);
  entries.prepend(template.content);
  entries.dataset.last = lastEventId;
  while (entries.childElementCount > LIMIT) entries.lastElementChild?.remove();
  if (type === 'token.refreshed') askStatus().catch(() => {});
}

/** @type {EventSource | undefined} */
let source;

/** A tab that nobody looks at gives its connection back: a browser has six of them for one server. */
function connect() {
  source?.close();
  source = undefined;
  if (document.visibilityState === 'hidden') return;
  source = new EventSource(`/live?since=${entries?.dataset.last ?? 0}`);
  source.onmessage = addEntry;
  const tell = (/** @type {string} */ state, /** @type {string} */ text) => () => {
    if (!feedState) return;
    feedState.dataset.state = state;
    feedState.textContent = text;
  };
  source.onopen = tell('live', 'Live');
  source.onerror = tell('lost', 'Reconnecting');
}

localTimes(document);
if (entries && 'EventSource' in window) {
  connect();
  document.addEventListener('visibilitychange', connect);
  addEventListener('pagehide', () => source?.close());
}

// The back button may bring back a page as it was, from before a logout.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});
