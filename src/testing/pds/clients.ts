import { jwtClient } from '../jwt-client.js';
import type { PdsClients } from '../types.js';

/** The console shows one for native apps too. They cannot keep it, but a server that refreshes for them may send it. */
export const nativeSecret = 'lab-pds-native-secret';

/** The apps of the domain, one of each type that can log users in from a server or a desktop. */
export const clients: PdsClients = {
  web: {
    clientId: 'LabPdsWebServer1',
    clientSecret: 'lab-pds-web-secret',
    tokenEndpointAuthMethod: 'client_secret_post',
  },
  native: { clientId: 'LabPdsNative0001', tokenEndpointAuthMethod: 'none' },
  jwt: jwtClient('LabPdsJwtApp0001', 'lab-pds-jwt'),
};
