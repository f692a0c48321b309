import type { Lab, LabClients, LabProvider } from './types.js';

/**
 * What one has to know to use a lab by hand: of every provider its URLs, clients and users, as text for a terminal.
 *
 * @example
 * console.log(describeLab(await startLab()));
 */
export function describeLab(lab: Lab): string {
  return Object.values(lab.providers).map(describeProvider).join('\n\n');
}

function describeProvider({ name, title, endpoints, api, clients, users, details }: LabProvider): string {
  const rows = [
    ...Object.entries(endpoints).map(([key, url]) => [key, url]),
    ['api', api],
    ...Object.entries(details).map(([key, value]) => [key, value]),
    ...describeClients(clients),
    ...users.map((user) => [`user ${user.id}`, `${user.name} (${user.note}), subject ${user.sub}`]),
  ];
  return [`${name}: ${title}`, ...table(rows)].join('\n');
}

function describeClients({ web, native, jwt }: LabClients): string[][] {
  return [
    ['client web', `${web.clientId}, secret ${web.clientSecret}`],
    ...(native ? [['client native', `${native.clientId}, no secret`]] : []),
    ...(jwt
      ? [['client jwt', `${jwt.clientId}, private key by clients.jwt.privateKeyPem, key id ${jwt.keyId}`]]
      : []),
  ];
}

function table(rows: readonly string[][]): string[] {
  const width = Math.max(...rows.map(([label = '']) => label.length));
  return rows.map(([label = '', value = '']) => `  ${label.padEnd(width)}  ${value}`);
}
