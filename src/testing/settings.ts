import type { LabSettings } from './types.js';

const standard: LabSettings = {
  accessTokenLifetime: 3600,
  refreshTokenLifetime: 30 * 24 * 3600,
  codeLifetime: 600,
  rotateRefreshTokens: true,
  reuseRevokesFamily: true,
  reuseGrace: 0,
  expiresInAsString: false,
  echoNonce: true,
  idTokenOnRefresh: true,
};

/** The settings a provider starts with: what the user of the lab wants, over its own ways, over what is common. */
export function initialSettings(
  own: Partial<LabSettings> = {},
  wanted: Partial<LabSettings> = {},
): LabSettings {
  return { ...standard, ...own, ...wanted };
}
