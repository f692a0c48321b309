import { readRequirements } from '../../../src/login/requirements.js';

const claims = (acr: unknown, auth_time?: unknown) => JSON.stringify({ id_token: { acr, auth_time } });
const essential = { essential: true };

describe('what an authorization request demands of the login', () => {
  it.each<[string, Record<string, string>, object]>([
    ['nothing', {}, {}],
    ['its age', { max_age: '60' }, { maxAge: 60 }],
    ['one of several ways', { acr_values: 'a  b' }, { acr: ['a', 'b'] }],
    ['one way, by claims', { claims: claims({ essential: true, value: 'a' }) }, { acr: ['a'] }],
    [
      'some ways, by claims',
      { claims: claims({ essential: true, values: ['a', 'b'] }) },
      { acr: ['a', 'b'] },
    ],
    [
      'the way that both parameters name',
      { acr_values: 'b c', claims: claims({ essential: true, values: ['a', 'b'] }) },
      { acr: ['b'] },
    ],
    ['nothing, by a wish', { claims: claims({ values: ['a'] }) }, {}],
    ['any way, by an essential claim of any value', { claims: claims(essential) }, { essential: ['acr'] }],
    [
      'the ways that one parameter names where any will do for the other',
      { acr_values: 'a b', claims: claims(essential) },
      { acr: ['a', 'b'] },
    ],
    [
      'the ways that one parameter names where they are a wish of the other',
      { acr_values: 'a b', claims: claims({ values: ['a'] }) },
      { acr: ['a', 'b'] },
    ],
    ['a time, by claims', { claims: claims(undefined, essential) }, { essential: ['auth_time'] }],
    [
      'its age, for which there must be a time anyway',
      { max_age: '0', claims: claims(undefined, essential) },
      { maxAge: 0 },
    ],
    ['any way and a time', { claims: claims(essential, essential) }, { essential: ['acr', 'auth_time'] }],
    ['no time, by a wish', { claims: claims(undefined, { essential: false }) }, {}],
    [
      'nothing, by claims that are essential elsewhere',
      { claims: '{"userinfo":{"acr":{"essential":true}}}' },
      {},
    ],
    ['nothing, by claims of another kind', { claims: '{"userinfo":{"email":null}}' }, {}],
    ['nothing, by a claim of null', { claims: claims(null) }, {}],
  ])('%s', (_what, params, expected) => {
    expect(readRequirements(params)).toEqual(expected);
  });

  it.each<Record<string, string>>([
    { max_age: 'soon' },
    { max_age: '-1' },
    { max_age: '1.5' },
    { acr_values: '' },
    { claims: claims({ essential: true, values: [] }) },
    { acr_values: 'high', claims: claims({ essential: true, value: 'low' }) },
    { claims: 'secret' },
    { claims: '[]' },
    { claims: claims({ essential: true, values: 'a' }) },
    { claims: claims({ essential: true, value: 5 }) },
    { claims: claims({ essential: true, values: ['a', 5] }) },
  ])('%j is refused', (params) => {
    expect(() => readRequirements(params)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'invalid_option' }),
    );
    expect(() => readRequirements(params)).not.toThrow(/secret/);
  });
});
