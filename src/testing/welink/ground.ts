import type { Ground } from '../stand-in.js';
import type { WelinkSettings } from '../types.js';

/** What this stand-in is built on. */
export type WelinkGround = Ground<WelinkSettings>;
