import type { LabUser } from '../types.js';

/**
 * A `unionId` is the id of a user at all apps of one developer, an `openId` that at one app. Which company a user logs in
 * for is in the token answer, not in what is told of the user.
 */
export const users: readonly LabUser[] = [
  person('lihua', 'Li Hua 李华', 'member of the company', 'Labunion00001iE', 'dinglabcorp0001'),
  person('mallory', 'Mallory', 'member of another company', 'Labunion00002iE', 'dingothercorp01'),
];

/** The members of `claims` that the API tells. */
export const userMembers = [
  'nick',
  'unionId',
  'openId',
  'avatarUrl',
  'mobile',
  'stateCode',
  'email',
] as const;

function person(id: string, nick: string, note: string, unionId: string, corpId: string): LabUser {
  return {
    id,
    name: nick,
    note,
    sub: unionId,
    claims: {
      nick,
      unionId,
      openId: unionId.replace('union', 'openid'),
      avatarUrl: `https://example.com/${id}.jpg`,
      mobile: '13900000000',
      stateCode: '86',
      email: `${id}@example.com`,
      corpId,
    },
  };
}
