import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// Each try of a delivery is passed on with a key of its own, so the Service cannot know that they are one.
vi.mock(import('../../../src/drivers/forward/request.ts'), async original => {
  const real = await original()
  let tries = 0
  return {
    ...real,
    requestTo: (member, address, act, ...others) =>
      real.requestTo(member, address, { ...act, id: tries++ % 2 === 0 ? act.id : `${act.id}-again` }, ...others),
  }
})

isFound(import.meta.url)
