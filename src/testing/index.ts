export { startLab } from './lab.js';
export { maskSecrets } from './mask.js';
export { describeLab } from './print.js';
export type {
  Lab,
  LabClient,
  LabClients,
  LabEndpoint,
  LabFault,
  LabJwtClient,
  LabOptions,
  LabProvider,
  LabProviderName,
  LabProviders,
  LabRequest,
  LabSettings,
  LabUser,
  LabWebAndNative,
  LabWebClient,
  OidcClients,
  OidcSettings,
  OpenPlatformSettings,
  PdsClients,
  PdsSettings,
  PkceSettings,
  WelinkSettings,
} from './types.js';
