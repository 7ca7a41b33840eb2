/*
 * Who may import whom: only towards the left of the road (docs/architecture.md), and never in
 * a circle. `npm run lint` runs it; test/structure.test.ts shows that it bites.
 */
const ROAD = [
  ['util', 'ip', 'linux'],
  ['config'],
  ['sources'],
  ['lists'],
  ['policy'],
  ['formats', 'dnsbl', 'mta'],
  ['exports'],
  ['firewall'],
  ['reports'],
  ['jobs'],
  ['daemon'],
  ['install'],
  ['cli'],
];

/** A room may import itself and the rooms before it, and of the first row `util` is for both others. */
const forbidden = ROAD.flatMap((rooms, place) =>
  rooms.map((room) => {
    const allowed = [...ROAD.slice(0, place).flat(), room];
    if (room === 'ip' || room === 'linux') allowed.push('util');
    return {
      name: `road-${room}`,
      comment: `src/${room} may import only ${allowed.join(', ')}`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: `^src/(${allowed.join('|')})/` },
    };
  }),
);

module.exports = {
  forbidden: [
    ...forbidden,
    {
      name: 'known-room',
      comment: 'every file of src is in a room of the road, or is main.ts',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/((${ROAD.flat().join('|')})/|main\\.ts$)` },
      to: {},
    },
    {
      name: 'no-circle',
      comment:
        'nor with imports of types: what both need has a file of its own, or is in the lower one',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'no-test-in-product',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'declared-packages-only',
      comment: 'what the product imports is a dependency in package.json',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
    {
      name: 'pure-rooms',
      comment: 'addresses, policy and formats do no I/O',
      severity: 'error',
      from: { path: '^src/(ip|policy|formats)/' },
      to: { path: '^(node:)?(fs|net|dgram|http|https|child_process|dns|tls)(/|$)' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
