import type { LabUser } from '../types.js';
import { domainId } from './ground.js';

/** The users of the domain. Their ids are of the two forms that the documents show. */
export const users: readonly LabUser[] = [
  person('admin', 'c9b7a5aa04d14ae3867fdc86fa01cda4', 'Adele 管理员', {
    note: 'admin of the domain',
    role: 'admin',
  }),
  person('ding', 'DING-lab00001', 'Ding 丁', { note: 'user who came from DingTalk' }),
  person('disabled', 'd0b7a5aa04d14ae3867fdc86fa01cda5', 'Dora Disabled', {
    note: 'user who is disabled',
    status: 'disabled',
  }),
];

/** Whom a service token speaks for: no user, but the domain itself. */
export const domainItself: LabUser = person('the-domain', 'superadmin', 'superadmin', {
  note: 'the domain itself',
  role: 'superadmin',
});

interface Traits {
  readonly note: string;
  readonly userName?: string;
  readonly role?: string;
  readonly status?: string;
}

function person(
  id: string,
  userId: string,
  name: string,
  { note, userName = id, role = 'user', status = 'enabled' }: Traits,
): LabUser {
  return {
    id,
    name,
    note,
    sub: `${domainId}:${userId}`,
    claims: {
      domain_id: domainId,
      user_id: userId,
      user_name: userName,
      nick_name: name,
      avatar: `https://example.com/${encodeURIComponent(userId)}.jpg`,
      email: `${encodeURIComponent(userName)}@example.com`,
      phone: '13900000000',
      default_drive_id: '1',
      role,
      status,
    },
  };
}

/** Who is in the domain by now. */
export class Directory {
  readonly #users = new Map<string, LabUser>();

  constructor(known: readonly LabUser[]) {
    for (const user of known) this.#users.set(user.id, user);
  }

  /** The user of a grant. */
  user(id: string): LabUser | undefined {
    return id === domainItself.id ? domainItself : this.#users.get(id);
  }

  /** The user with this `user_id`. */
  byUserId(userId: string): LabUser | undefined {
    return [...this.#users.values()].find(({ claims }) => claims.user_id === userId);
  }

  /** The user that an assertion creates. */
  create(userId: string): LabUser {
    const note = 'created by an assertion';
    const user = person(`created ${userId}`, userId, userId, { note, userName: userId });
    this.#users.set(user.id, user);
    return user;
  }
}
