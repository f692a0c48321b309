import type { LabUser } from '../types.js';

/** An `open_id` is the id of a user at one app. */
export const users: readonly LabUser[] = [
  person('xiaoming', 'Xiao Ming 小明', 'an ordinary user', 'ou_7a1c9e0f4b2d46c8'),
  person('xiaohong', 'Xiao Hong 小红', 'another user', 'ou_7a1c9e0f4b2d46c9'),
];

function person(id: string, name: string, note: string, openId: string): LabUser {
  return {
    id,
    name,
    note,
    sub: openId,
    claims: { open_id: openId, nickname: name, avatar: `https://example.com/${id}.png` },
  };
}
