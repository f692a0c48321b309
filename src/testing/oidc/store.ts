import type { Adapter, AdapterPayload } from 'oidc-provider';

import type { LabSettings } from '../types.js';

interface Stored {
  readonly payload: AdapterPayload;
  readonly expiresAt: number;
  consumedAt?: number;
}

/** What the OpenID Provider remembers, in memory; the settings that it has no option for take effect here. */
export class Store {
  readonly #settings: LabSettings;
  readonly #clients: (clientId: string) => AdapterPayload | undefined;
  readonly #records = new Map<string, Stored>();

  constructor(settings: LabSettings, clients: (clientId: string) => AdapterPayload | undefined) {
    this.#settings = settings;
    this.#clients = clients;
  }

  /** The part of the store for one kind of thing, as the OpenID Provider wants it. */
  adapter(model: string): Adapter {
    const key = (id: string) => `${model}:${id}`;
    return {
      upsert: async (id, payload, expiresIn = Number.POSITIVE_INFINITY) => {
        this.#records.set(key(id), { payload, expiresAt: Date.now() + expiresIn * 1000 });
      },
      find: async (id) => (model === 'Client' ? this.#clients(id) : this.#find(model, key(id))),
      findByUid: async (uid) => this.#findBy(model, (payload) => payload.uid === uid),
      findByUserCode: async (userCode) => this.#findBy(model, (payload) => payload.userCode === userCode),
      consume: async (id) => {
        const record = this.#records.get(key(id));
        if (record !== undefined) record.consumedAt ??= Date.now();
      },
      destroy: async (id) => void this.#records.delete(key(id)),
      revokeByGrantId: async (grantId) => this.#delete(model, (payload) => payload.grantId === grantId),
    };
  }

  /** Forgets everything of one kind. */
  deleteAll(model: 'AccessToken' | 'RefreshToken'): void {
    this.#delete(model, () => true);
  }

  #delete(model: string, matches: (payload: AdapterPayload) => boolean): void {
    for (const [key, { payload }] of this.#records) {
      if (key.startsWith(`${model}:`) && matches(payload)) this.#records.delete(key);
    }
  }

  #findBy(model: string, matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined {
    for (const [key, { payload }] of this.#records) {
      if (key.startsWith(`${model}:`) && matches(payload)) return this.#find(model, key);
    }
    return undefined;
  }

  #find(model: string, key: string): AdapterPayload | undefined {
    const record = this.#records.get(key);
    if (record === undefined || record.expiresAt <= Date.now()) return undefined;
    if (model === 'RefreshToken') return this.#refreshToken(record);
    if (model === 'AuthorizationCode' && !this.#settings.echoNonce) {
      const { nonce: _, ...payload } = record.payload;
      return withConsumption({ ...record, payload });
    }
    return withConsumption(record);
  }

  #refreshToken(record: Stored): AdapterPayload | undefined {
    const { reuseGrace, reuseRevokesFamily } = this.#settings;
    const { payload, consumedAt } = record;
    if (consumedAt === undefined || Date.now() < consumedAt + reuseGrace * 1000) return payload;
    // The OpenID Provider ends the family of a used-up token that it finds. One that it does not find is just refused.
    return reuseRevokesFamily ? withConsumption(record) : undefined;
  }
}

function withConsumption({ payload, consumedAt }: Stored): AdapterPayload {
  return consumedAt === undefined ? payload : { ...payload, consumed: Math.floor(consumedAt / 1000) };
}
