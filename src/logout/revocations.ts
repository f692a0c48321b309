import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import { errorCodes } from '../errors.js';
import { type Emit, hashLoginId } from '../events.js';
import type { RevocationStore, WaitingRevocation } from '../stores/contracts.js';
import type { Sealer } from '../stores/sealing.js';
import type { LoginRecord } from '../tokens/login-record.js';
import type { TokenAnswer } from '../wire/answer.js';
import type { ProviderClient } from '../wire/client.js';

/** Milliseconds after which a revocation that failed is tried again; doubles with each failure. */
const FIRST_RETRY = 5_000;
/** An hour: after an outage of days, thirty tries a day for each login are load enough. */
const LONGEST_PAUSE = 3_600_000;
/**
 * How long, in milliseconds from the logout on, a revocation is tried at least, unless the tokens expire sooner: a
 * refresh token may outlive our session by months, and an outage of the provider may last a weekend.
 */
const PATIENCE = 7 * 24 * 3_600_000;
/** Milliseconds between two looks at what waits. Repeated, so that others stand in for a process that crashed. */
const ROUND = 15_000;
/** How long, in milliseconds, whoever sends a revocation keeps all others from sending it too. */
const HOLD = 60_000;
/** How many are sent to a provider at the same time. */
const BATCH = 10;

/** What is needed to revoke tokens whose login is gone. */
interface Revocation {
  readonly provider: string;
  /** The hash of the login's id, for events. */
  readonly login: string;
  readonly tokens: { readonly accessToken: string; readonly refreshToken?: string };
  readonly failures: number;
  /** When it is given up, in milliseconds since the epoch: at the latest when the tokens have expired by themselves. */
  readonly until: number;
}

/** How a revocation went; one that failed goes on by itself. */
export type RevocationOutcome = 'revoked' | 'not_revocable' | 'revocation_failed';

export interface RevocationDependencies {
  readonly store: RevocationStore;
  readonly sealer: Sealer;
  /** The clients of the providers that are configured here, by their names. */
  readonly clients: ReadonlyMap<string, ProviderClient>;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** Revokes tokens that nobody will use any more [RFC 7009], until the provider has heard of it. */
export interface Revocations {
  /**
   * Revokes the tokens of a login that is gone, or those that came too late for it. What fails is tried again by any
   * process, even if this one is killed meanwhile, until it succeeds, or the tokens have expired, or the session would
   * have ended and a week has passed. Does not throw.
   */
  revoke(record: LoginRecord, answer?: TokenAnswer): Promise<RevocationOutcome>;
  /** Sends those that are due, once. */
  sendDue(): Promise<void>;
  /** Looks for those that are due from now on; never keeps the process alive. */
  start(): void;
  /** Resolves when nothing is being sent any more. */
  stop(): Promise<void>;
}

export function createRevocations({
  store,
  sealer,
  clients,
  clock,
  emit,
}: RevocationDependencies): Revocations {
  const stopping = new AbortController();
  const running = new Set<Promise<unknown>>();
  // With its queue: no provider is sent the tokens of another one, whoever can write to the store.
  const context = (queue: string, id: string) => `revocation ${queue} ${id}`;
  // Whoever takes a revocation keeps all others from it for a while. So nobody takes what is for a provider, or sealed
  // under a key, that others have: those of another app on the same Redis, or of the next deploy.
  const queuesOf = (provider: string) => sealer.keyIds.map((keyId) => `${provider}:${keyId}`);
  /** Where what is sealed now goes. */
  const queueOf = (provider: string) => queuesOf(provider)[0] as string;

  const keep = (id: string, revocation: Revocation, pause: number) => {
    const queue = queueOf(revocation.provider);
    const sealed = sealer.seal(JSON.stringify(revocation), context(queue, id));
    const now = clock.now();
    return store.keep(queue, id, sealed, now + pause, revocation.until - now);
  };

  /** It was kept before it is sent: a process that is killed meanwhile leaves it to the others. */
  const send = async (
    at: ProviderClient,
    queue: string,
    id: string,
    revocation: Revocation,
  ): Promise<RevocationOutcome> => {
    const { provider, login, tokens, failures } = revocation;
    try {
      const revoked = await at.revoke(tokens);
      await store.drop(queue, id).catch(() => {});
      return revoked ? 'revoked' : 'not_revocable';
    } catch (error) {
      const pause = Math.min(FIRST_RETRY * 2 ** failures, LONGEST_PAUSE) * (0.5 + Math.random() / 2);
      const goesOn = revocation.until > clock.now() + pause;
      const outcome = goesOn ? 'will_retry' : 'given_up';
      emit({ type: 'logout.revocation_failed', provider, login, ...errorCodes(error), outcome });
      // If the store fails now, it is due again at the end of the hold.
      try {
        if (goesOn) await keep(id, { ...revocation, failures: failures + 1 }, pause);
        if (!goesOn || queue !== queueOf(provider)) await store.drop(queue, id);
      } catch {}
      return 'revocation_failed';
    }
  };

  const resend = async (
    at: ProviderClient,
    queue: string,
    { id, sealed }: WaitingRevocation,
  ): Promise<void> => {
    const text = sealer.open(sealed, context(queue, id));
    // Somebody changed it.
    if (typeof text !== 'string') return;
    const revocation: Revocation = JSON.parse(text);
    const startedAt = clock.now();
    const outcome = await send(at, queue, id, revocation);
    if (outcome === 'revocation_failed') return;
    const { provider, login } = revocation;
    emit({ type: 'logout.revocation_retried', provider, login, outcome, duration: clock.now() - startedAt });
  };

  const empty = async (at: ProviderClient, queue: string) => {
    let claimed: readonly WaitingRevocation[];
    do {
      const now = clock.now();
      claimed = await store.claim(queue, now, now + HOLD, BATCH);
      await Promise.all(claimed.map((one) => resend(at, queue, one)));
    } while (claimed.length === BATCH && !stopping.signal.aborted);
  };

  const sendDue = async () => {
    const queues = [...clients].flatMap(([name, at]) => queuesOf(name).map((queue) => empty(at, queue)));
    // A store that is away now is there in the next round.
    await Promise.allSettled(queues);
  };

  /** Lets `stop` wait for it. */
  const track = <T>(work: Promise<T>): Promise<T> => {
    running.add(work);
    const forget = () => running.delete(work);
    work.then(forget, forget);
    return work;
  };

  const begin = async (record: LoginRecord, answer?: TokenAnswer): Promise<RevocationOutcome> => {
    const { accessToken, refreshToken } = { ...record.tokens, ...record.pending, ...answer };
    const tokens = { accessToken, ...(refreshToken !== undefined && { refreshToken }) };
    const revocation: Revocation = {
      provider: record.provider,
      login: hashLoginId(record.id),
      tokens,
      failures: 0,
      until: worthUntil(
        { ...record.tokens, ...record.pending, ...answer },
        Math.max(record.endsAt, clock.now() + PATIENCE),
      ),
    };
    const at = clients.get(record.provider);
    if (!at?.canRevoke(tokens) || revocation.until <= clock.now()) return 'not_revocable';
    const id = randomBytes(12).toString('base64url');
    await keep(id, revocation, HOLD).catch(() => {});
    return send(at, queueOf(record.provider), id, revocation);
  };

  return {
    revoke: (record, answer) => track(begin(record, answer)),
    sendDue: () => track(sendDue()),
    start() {
      const rounds = async () => {
        while (!stopping.signal.aborted) {
          // All processes of an app start together, and should not come at the same moment for ever.
          await clock.sleep(ROUND * (0.5 + Math.random()), stopping.signal);
          if (!stopping.signal.aborted) await track(sendDue());
        }
      };
      rounds();
    },
    async stop() {
      stopping.abort();
      await Promise.allSettled(running);
    },
  };
}

/** When tokens are of no use to anybody, revoked or not, as far as the provider said so; at the latest when we give up. */
function worthUntil(
  tokens: { expiresAt?: number; refreshToken?: string; refreshExpiresAt?: number },
  giveUpAt: number,
): number {
  const last = tokens.refreshToken === undefined ? tokens.expiresAt : tokens.refreshExpiresAt;
  return Math.min(last ?? giveUpAt, giveUpAt);
}
