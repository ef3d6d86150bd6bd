import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{agents,bots,tools,models,infra}/**/*.test.ts'],
    // Two files at once: each may hold a database, a chain and a model, on machines of two cores.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default'],
  },
})
