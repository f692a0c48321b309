import { ConfigurationError } from '../../../src/errors.js';
import { readRequirements } from '../../../src/login/requirements.js';

const claims = (acr: unknown) => JSON.stringify({ id_token: { acr } });

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
      'the essential ones',
      { acr_values: 'a b', claims: claims({ essential: true, value: 'a' }) },
      { acr: ['a'] },
    ],
    ['nothing, by a wish', { claims: claims({ values: ['a'] }) }, {}],
    ['nothing, by an essential claim of any value', { claims: claims({ essential: true }) }, {}],
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
    { claims: 'secret' },
    { claims: '[]' },
    { claims: claims({ essential: true, values: 'a' }) },
    { claims: claims({ essential: true, value: 5 }) },
  ])('%j is refused', (params) => {
    expect(() => readRequirements(params)).toThrow(ConfigurationError);
    expect(() => readRequirements(params)).not.toThrow(/secret/);
  });
});
