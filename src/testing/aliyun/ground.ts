import type { Ground } from '../stand-in.js';
import type { LabSettings, LabWebAndNative } from '../types.js';

/** What this stand-in is built on. */
export type AliyunGround = Ground<LabSettings, LabWebAndNative>;
