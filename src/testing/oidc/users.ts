import type { LabUser } from '../types.js';

/** The users of the OpenID Provider. */
export const users: readonly LabUser[] = [
  person('alice', 'Alice Example', 'an ordinary user', 'c1f6f1de-0d0b-4a2e-9f35-3f5d5f4b7a01'),
  person('bob', 'Bob Example', 'another user', 'c1f6f1de-0d0b-4a2e-9f35-3f5d5f4b7a02'),
  person(
    'mallory',
    'Mallory <b>Example</b>',
    'one whose name is not harmless',
    'c1f6f1de-0d0b-4a2e-9f35-3f5d5f4b7a03',
  ),
];

function person(id: string, name: string, note: string, sub: string): LabUser {
  return {
    id,
    name,
    note,
    sub,
    claims: {
      name,
      email: `${id}@example.com`,
      email_verified: true,
      picture: `https://example.com/${id}.png`,
    },
  };
}
