import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import { createSealer, UNKNOWN_KEY } from '../../../src/stores/sealing.js';

const KEY = 'a key of at least thirty-two bytes, the first';
const OTHER = 'a key of at least thirty-two bytes, another';
const TEXT = JSON.stringify({ access_token: 'at-5f0c', refresh_token: 'rt-77aa', name: '张三 🔑' });

const sealer = createSealer([KEY]);

test('what was sealed opens again', () => {
  for (const text of [TEXT, '', '\u0000', 'x'.repeat(100_000), randomBytes(5000).toString('base64')]) {
    expect(sealer.open(sealer.seal(text, 'login 1'), 'login 1')).toBe(text);
  }
});

test('nothing of the text can be seen, and no two seals are alike', () => {
  const seals = Array.from({ length: 50 }, () => sealer.seal(TEXT, 'login 1').toString('latin1'));
  expect(new Set(seals).size).toBe(50);
  for (const seal of seals) {
    expect(seal).not.toContain('at-5f0c');
    expect(seal).not.toContain('access_token');
  }
});

test('it opens in its own context only', () => {
  const sealed = sealer.seal(TEXT, 'login 1');
  for (const context of ['login 2', 'login 1 ', 'login', '']) {
    expect(sealer.open(sealed, context)).toBeUndefined();
  }
  expect(sealer.open(sealed, 'login 1')).toBe(TEXT);
});

test('it opens from any window on a larger buffer', () => {
  const sealed = sealer.seal(TEXT, 'login 1');
  const padded = new Uint8Array(sealed.length + 20);
  padded.set(sealed, 13);
  expect(sealer.open(padded.subarray(13, 13 + sealed.length), 'login 1')).toBe(TEXT);
});

describe('keys that rotate', () => {
  test('an older key still opens what it sealed', () => {
    const old = createSealer([OTHER]).seal(TEXT, 'c');
    expect(createSealer([KEY, OTHER]).open(old, 'c')).toBe(TEXT);
  });

  test('the first key seals', () => {
    const sealed = createSealer([KEY, OTHER]).seal(TEXT, 'c');
    expect(createSealer([KEY]).open(sealed, 'c')).toBe(TEXT);
    expect(createSealer([OTHER]).open(sealed, 'c')).toBe(UNKNOWN_KEY);
  });

  test('what was sealed under a key that is no longer there does not open', () => {
    expect(createSealer([OTHER]).open(sealer.seal(TEXT, 'c'), 'c')).toBe(UNKNOWN_KEY);
  });

  // One says that a login has ended, the other nothing about it.
  test('a key that is not here is told from bytes that were changed or moved', () => {
    const other = createSealer([OTHER]);
    const sealed = sealer.seal(TEXT, 'login 1');
    expect(other.open(sealed, 'login 1')).toBe(UNKNOWN_KEY);
    expect(other.open(sealed, 'login 2')).toBe(UNKNOWN_KEY);
    expect(createSealer([OTHER, KEY]).open(sealed, 'login 2')).toBeUndefined();
    // Too short for a seal, under whatever key.
    expect(other.open(sealed.subarray(0, 31), 'login 1')).toBeUndefined();
  });

  test('a key that came last opens before it seals', () => {
    const first = createSealer([OTHER, KEY]);
    expect(createSealer([OTHER]).open(first.seal(TEXT, 'c'), 'c')).toBe(TEXT);
    expect(first.open(createSealer([KEY, OTHER]).seal(TEXT, 'c'), 'c')).toBe(TEXT);
  });

  test('a key of bytes is a key like one of text', () => {
    const bytes = randomBytes(32);
    const sealed = createSealer([bytes]).seal(TEXT, 'c');
    expect(createSealer([new Uint8Array(bytes)]).open(sealed, 'c')).toBe(TEXT);
    expect(createSealer([Buffer.from(KEY)]).open(sealer.seal(TEXT, 'c'), 'c')).toBe(TEXT);
  });

  test('without a key there is no sealing', () => {
    expect(() => createSealer([])).toThrow(TypeError);
  });
});

describe('bytes that somebody changed', () => {
  const sealed = sealer.seal(TEXT, 'login 1');

  test('a change of any byte is noticed', () => {
    for (let at = 0; at < sealed.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = Buffer.from(sealed);
        changed.writeUInt8(changed.readUInt8(at) ^ flip, at);
        const refusal = at < 4 ? UNKNOWN_KEY : undefined;
        expect([at, flip, sealer.open(changed, 'login 1')]).toEqual([at, flip, refusal]);
      }
    }
  });

  test('a cut or a longer seal is noticed', () => {
    for (let length = 0; length < sealed.length; length++) {
      expect([length, sealer.open(sealed.subarray(0, length), 'login 1')]).toEqual([length, undefined]);
    }
    expect(sealer.open(Buffer.concat([sealed, Buffer.from([0])]), 'login 1')).toBeUndefined();
    expect(sealer.open(sealed.subarray(1), 'login 1')).toBe(UNKNOWN_KEY);
  });

  test('arbitrary bytes do not open, not even behind the id of a known key', () => {
    const id = sealed.subarray(0, 4);
    for (let n = 0; n < 200; n++) {
      expect(sealer.open(randomBytes(n), 'c')).toBe(n < 32 ? undefined : UNKNOWN_KEY);
      expect(sealer.open(Buffer.concat([id, randomBytes(n)]), 'c')).toBeUndefined();
    }
  });
});

// Records in users' Redis outlive a release: a change of this layout logs everybody out.
test('the layout is key id, nonce, ciphertext, tag', () => {
  const sealed = sealer.seal('', 'c');
  const key = Buffer.from(hkdfSync('sha256', KEY, '', 'express-oauth-login sealing', 32));
  expect(sealed.subarray(0, 4)).toEqual(createHash('sha256').update(key).digest().subarray(0, 4));
  expect(sealed).toHaveLength(4 + 12 + 1 + 16);
  const kept = 'ceqr52uyRGtceco/EF+2mj/ynjubfnAEZbKbvbrjlHmUuOGzP9yLWZ9R4Gty2W30kpbI/BaeviY=';
  expect(sealer.open(Buffer.from(kept, 'base64'), 'login 1 1')).toBe('{"access_token":"kept"}');
  const long = JSON.stringify({ access_token: 'kept', scope: 'openid profile email '.repeat(30) });
  const deflated = 'ceqr5y3TVteYUk2idZOjE61mtPnhStQ6wpLkO2qB6yxCn73wWhF/Dzo+XtsF+CbKR76ApdvKKLCg1w==';
  expect(sealer.open(Buffer.from(deflated, 'base64'), 'login 1 1')).toBe(long);
});
