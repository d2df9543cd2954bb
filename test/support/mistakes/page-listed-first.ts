import { vi } from 'vitest'

// The record lists a page, and takes its rows out, before the page is stored.
vi.mock(import('../../../src/record/page-store.ts'), async original => {
  const real = await original()
  return {
    ...real,
    createPage: (...page) => {
      void real.createPage(...page)
      return Promise.resolve({ sent: 'stored', response: { status: 201, headers: {}, body: '' } })
    },
  }
})
