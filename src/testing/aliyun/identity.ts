import type { LabUser } from '../types.js';

const account = '1234567890123456';
const otherAccount = '6543210987654321';

/**
 * Ids are strings of digits, and those of RAM users are longer than a number can hold. Only of an account's owner is it
 * documented that the three ids agree.
 */
export const users: readonly LabUser[] = [
  {
    id: 'owner',
    name: 'Olivia Owner',
    note: 'owner of the Alibaba Cloud account',
    sub: account,
    claims: { aid: account, uid: account, name: 'Olivia Owner', login_name: 'owner@example.com' },
  },
  {
    id: 'alice',
    name: 'Alice 王',
    note: 'RAM user of that account',
    sub: '201234567890123456',
    claims: {
      aid: account,
      uid: '291234567890123457',
      name: 'Alice 王',
      upn: 'alice@lab.onaliyun.com',
    },
  },
  {
    id: 'role',
    name: 'LabRole/robin',
    note: 'session of a RAM role of that account',
    sub: '301234567890123456',
    claims: { aid: account, uid: '391234567890123457', name: 'LabRole/robin' },
  },
  {
    id: 'mallory',
    name: 'Mallory',
    note: 'owner of another Alibaba Cloud account',
    sub: otherAccount,
    claims: { aid: otherAccount, uid: otherAccount, name: 'Mallory', login_name: 'mallory@example.net' },
  },
];

const claimsOfScope: Readonly<Record<string, readonly string[]>> = {
  aliuid: ['aid', 'uid'],
  profile: ['name', 'login_name', 'upn'],
};

/** What the scopes tell of a user. */
export function claimsFor(user: LabUser, scopes: readonly string[]): Record<string, unknown> {
  const names = scopes.flatMap((scope) => claimsOfScope[scope] ?? []);
  const known = names.filter((name) => user.claims[name] !== undefined);
  return { sub: user.sub, ...Object.fromEntries(known.map((name) => [name, user.claims[name]])) };
}
