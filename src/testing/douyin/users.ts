import type { LabUser } from '../types.js';

/** An `open_id` is the id of a user at one app, a `union_id` that at all apps of one developer. */
export const users: readonly LabUser[] = [
  person('meimei', 'Mei Mei 美美', 'an ordinary user', 'a1b2c3d4-0590-40bc-9bdf-9a1334000001'),
  person('leilei', 'Lei Lei 雷雷', 'another user', 'a1b2c3d4-0590-40bc-9bdf-9a1334000002'),
];

function person(id: string, name: string, note: string, openId: string): LabUser {
  const unionId = openId.replace(/^a1b2c3d4/, 'd4c3b2a1');
  const avatar = `https://example.com/${id}.jpeg`;
  return {
    id,
    name,
    note,
    sub: openId,
    claims: { open_id: openId, union_id: unionId, nickname: name, avatar },
  };
}
