import type { SessionData } from 'express-session';
import type { Clock } from '../clock.js';
import type { SessionBackend } from '../stores/contracts.js';
import { isOurs } from './session-data.js';
import { newStanding, type Standing, type Standings } from './session-standing.js';
import { contentOf, type Known, SessionText, serialize } from './session-text.js';
import { newRev, untilDone } from './stored-logins.js';

const RESERVED =
  'req.session.oauth is where express-oauth-login keeps the logins of a session. Keep what is yours under another name.';

interface Where {
  readonly backend: SessionBackend;
  readonly clock: Clock;
}

/**
 * Saves a session that is new, or that is still there: one that is gone stays gone, since whoever ended it meant it.
 * Logins that were changed meanwhile are kept as they are.
 *
 * @throws StoreUnavailableError when others keep changing the session.
 */
export async function saveSession(
  where: Where,
  standings: Standings,
  sid: string,
  session: SessionData,
): Promise<void> {
  const { backend, clock } = where;
  const standing = standings.of(session);
  const isKnown = standing?.sid === sid;
  const { before, as } = isKnown ? { before: standing, as: session } : await adopt(where, sid, session);
  const named = withRev(before);
  const first = serialize(named, as);
  let { text } = first;
  // As with express-session, an app that saves is told of a failure, and the end of the request tries no more.
  const after = { ...named, written: true, content: isKnown ? first.content : contentOf(session) };
  standings.set(session, after);
  if (!isOurs(session.oauth)) throw new TypeError(RESERVED);
  if (!before.stored) {
    await backend.create(sid, text);
    standings.set(session, { ...after, stored: true });
    return;
  }
  let { rev } = before;
  await untilDone(clock, async () => {
    const outcome = await backend.save(sid, text, rev);
    if (outcome === 'saved' || outcome === 'gone') return outcome;
    const { known, logins } = new SessionText(outcome.current);
    rev = known.rev;
    ({ text } = serialize(withRev(known), { ...session, oauth: { logins } }));
    return undefined;
  });
}

/**
 * Takes an object that the store has not made for the session that is stored under its id, or for a new one. Who brings
 * it has not seen what became of the logins: they are what the store says, and a copy brings none.
 */
async function adopt(
  { backend, clock }: Where,
  sid: string,
  session: SessionData,
): Promise<{ before: Standing; as: SessionData }> {
  const found = SessionText.of(await backend.peek(sid));
  const before = found
    ? { ...found.known, sid, stored: true, written: false, content: found }
    : newStanding(sid, clock.now());
  return { before, as: { ...session, oauth: { logins: found?.logins ?? {} } } };
}

/** A text that another program wrote has no rev that a store could see. */
function withRev<K extends Known>(known: K): K {
  return known.rev === '' ? { ...known, rev: newRev() } : known;
}
