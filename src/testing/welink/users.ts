import type { LabUser } from '../types.js';

/** The members of one tenant. A user id is unique in it only. */
export const users: readonly LabUser[] = [
  {
    id: 'zhangsan',
    name: 'Zhang San 张三',
    note: 'admin of the app store',
    sub: 'zhangsan@welink',
    claims: { userId: 'zhangsan@welink', isAdmin: true, roles: ['appStoreAdmin'] },
  },
  {
    id: 'lisi',
    name: 'Li Si 李四',
    note: 'not an admin',
    sub: 'lisi@welink',
    claims: { userId: 'lisi@welink', isAdmin: false },
  },
];
