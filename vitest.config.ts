import { defineConfig } from 'vitest/config'

/** For tests that talk to an API server, in milliseconds. */
const patience = { testTimeout: 30_000, hookTimeout: 30_000 }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/api/**', 'test/cluster/**'],
        },
      },
      {
        test: {
          name: 'in-memory',
          include: ['test/api/**/*.test.ts'],
          globalSetup: ['test/api/in-memory.setup.ts'],
          ...patience,
        },
      },
      {
        test: {
          name: 'cluster-api',
          include: ['test/api/**/*.test.ts'],
          globalSetup: ['test/cluster/control-plane.setup.ts'],
          ...patience,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          globalSetup: ['test/cluster/control-plane.setup.ts'],
          ...patience,
        },
      },
    ],
  },
})
