// The layer rule (ARCHITECTURE.md): imports point downward only.
//   express, native → login, logout → tokens → wire, stores → leaves
const leaves = '^src/(config|errors|events|clock|limits|page|provider|dialect|client-authentication)\\.ts$';
const only = (name, from, ...allowed) => ({
  name,
  severity: 'error',
  comment: `${from} may import ${allowed.join(', ')} and the leaves only`,
  from: { path: `^src/${from}` },
  to: { path: '^src/', pathNot: [leaves, `^src/${from}`, ...allowed.map((layer) => `^src/${layer}`)] },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'leaves-import-leaves',
      severity: 'error',
      from: { path: leaves },
      to: { path: '^src/', pathNot: leaves },
    },
    only('providers-are-data', 'providers/'),
    only('wire', 'wire/'),
    only('stores', 'stores/'),
    only('tokens', 'tokens/', 'wire/', 'stores/'),
    only('login', 'login/', 'tokens/', 'wire/', 'stores/'),
    only('logout', 'logout/', 'tokens/', 'wire/', 'stores/'),
    only('express', 'express/', 'login/', 'logout/', 'tokens/', 'wire/', 'stores/'),
    only('native', 'native/', 'login/', 'logout/', 'tokens/', 'wire/', 'stores/'),
    // One misreading of a document must not hide in both the library and the stand-in that tests it.
    {
      name: 'the-lab-shares-nothing',
      severity: 'error',
      from: { path: '^src/testing/' },
      to: { path: '^src/', pathNot: '^src/testing/' },
    },
    {
      name: 'openid-client-in-wire-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/wire/' },
      to: { path: 'node_modules/(openid-client|oauth4webapi)/' },
    },
    {
      name: 'express-in-express-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(express|testing)/' },
      to: { path: 'node_modules/(express|express-session)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'redis-in-stores-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/stores/' },
      to: { path: 'node_modules/ioredis/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'], conditionNames: ['import', 'types', 'default'] },
  },
};
