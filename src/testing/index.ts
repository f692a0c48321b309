export { startLab } from './lab.js';
export { maskSecrets } from './mask.js';
export type {
  Lab,
  LabClient,
  LabEndpoint,
  LabFault,
  LabOptions,
  LabProvider,
  LabProviderName,
  LabRequest,
  LabSettings,
  LabUser,
  LabWebClient,
} from './types.js';
