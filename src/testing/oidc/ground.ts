import type { Ground } from '../stand-in.js';
import type { OidcClients, OidcSettings } from '../types.js';

/** What this stand-in is built on. */
export type OidcGround = Ground<OidcSettings, OidcClients>;
