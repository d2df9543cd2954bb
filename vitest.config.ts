import { defineConfig } from 'vitest/config'

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
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
    ],
  },
})
