import type { Ground } from '../stand-in.js';
import type { PdsClients, PdsSettings } from '../types.js';

/** What this stand-in is built on. */
export type PdsGround = Ground<PdsSettings, PdsClients>;

/** The domain: one company's part of PDS. The real one is the first label of the host name. */
export const domainId = 'labhz001';
