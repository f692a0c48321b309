import type { LabUser } from '../types.js';

/** An `open_id` is the id of a user at one app, a `union_id` that at all apps of one developer. */
export const users: readonly LabUser[] = [
  person('wangfang', 'Wang Fang 王芳', 'member of the company', 'lab0001', 'labtenant0000001'),
  person('mallory', 'Mallory', 'member of another company', 'lab0002', 'othertenant00001'),
];

function person(id: string, name: string, note: string, key: string, tenantKey: string): LabUser {
  const openId = `ou_${key}`;
  return {
    id,
    name,
    note,
    sub: openId,
    claims: {
      open_id: openId,
      union_id: `on_${key}`,
      tenant_key: tenantKey,
      name,
      en_name: name,
      avatar_url: `https://example.com/${id}.png`,
      email: `${id}@example.com`,
    },
  };
}
