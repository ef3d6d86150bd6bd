// Who may import whom; the drawing stands in README.md. `npm run check` says which rule a file breaks.
const ours = 'agents|bots|tools|models|infra'
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: '\\.test\\.ts$|^infra/testing/|^bots/[a-z]*/?testing/|^bots/bench/' },
  to: { path: `^(${ours})/`, pathNot: allowed },
})
const door = (name, library, files) => ({
  name: `one-door-to-${name}`,
  comment: `${name} is imported by ${files} only.`,
  severity: 'error',
  from: { path: `^(${ours})/`, pathNot: files },
  to: { path: library },
})

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    only(
      'models-are-pure',
      '^models/',
      '^(models/|infra/errors\\.ts$)',
      'Maths and files; nothing of ours but the errors.',
    ),
    only(
      'infra-knows-nobody',
      '^infra/(?!main(\\.ts$|/))',
      '^infra/',
      'Machinery knows nothing above it; only the composition root does.',
    ),
    only(
      'tools-use-models-and-infra',
      '^tools/',
      '^(tools|models|infra)/',
      'Verbs use the maths and the machinery.',
    ),
    only('agents-use-tools', '^agents/', '^(agents|tools|infra)/', 'Agents decide, verbs do.'),
    only(
      'bots-use-tools',
      '^bots/',
      '^(bots/|tools/|infra/(env|errors|log|ids|units)\\.ts$)',
      'Surfaces hold no logic.',
    ),
    {
      name: 'the-root-is-imported-by-nobody',
      severity: 'error',
      from: { pathNot: '^infra/main(\\.ts$|/)' },
      to: { path: '^infra/main(\\.ts$|/)' },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'nothing-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    door('onnxruntime', 'node_modules/onnxruntime-node', '^models/session\\.ts$'),
    door('pg', 'node_modules/pg/', '^infra/db\\.ts$'),
    door('pglite', 'node_modules/@electric-sql/', '^infra/(db-worker|embedded-postgres)\\.ts$'),
    door('viem', 'node_modules/viem', '^infra/chain[a-z-]*(\\.test)?\\.ts$'),
    door('discord', 'node_modules/(discord|@discordjs)', '^(bots/discord|infra/testing/discord/)'),
    door('grammy', 'node_modules/(grammy|@grammyjs)', '^(bots/telegram|infra/testing/telegram/)'),
    door('langgraph', 'node_modules/@langchain/langgraph', '^agents/'),
    door('hub', 'node_modules/@huggingface/hub', '^models/hub/listing\\.ts$'),
    door('mcp', 'node_modules/@modelcontextprotocol/', '^tools/gateway/mcp'),
    door('a2a', 'node_modules/@a2a-js/', '^tools/gateway/a2a'),
    door('x402', 'node_modules/@x402/', '^tools/(gateway/x402|client/)'),
    door('xgrammar', 'node_modules/@mlc-ai/', '^models/constraint/library\\.ts$'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: {
      path: 'node_modules/(?!onnxruntime-node|pg/|@electric-sql|viem|@langchain|@huggingface/hub|@mlc-ai|@modelcontextprotocol|@a2a-js|@x402)|^infra/node/',
    },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js'],
    },
  },
}
