import type { Ground } from '../stand-in.js';
import type { OpenPlatformSettings } from '../types.js';

/** What this stand-in is built on. */
export type OpenPlatformGround = Ground<OpenPlatformSettings>;
