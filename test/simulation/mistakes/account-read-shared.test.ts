import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// What a hook acts on is read with the rights of the trigger, and only written as its account.
vi.mock(import('../../../src/kube/acting.ts'), async original => {
  const real = await original()
  return {
    ...real,
    actingAs: (api, ...given) => {
      const acting = real.actingAs(api, ...given)
      return { ...acting, request: request => (request.method === 'GET' ? api : acting).request(request) }
    },
  }
})

isFound(import.meta.url)
