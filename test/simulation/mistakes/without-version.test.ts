import { vi } from 'vitest'
import { parseJson } from '../../../src/api/json.ts'
import type { ApiConnection } from '../../../src/environment/environment.ts'
import { isFound } from './mistake.ts'

// A write of a count does not say which version it was computed from.
vi.mock(import('../../../src/steps/target/commit.ts'), async original => {
  const real = await original()
  const withoutVersion = (body: string): string =>
    JSON.stringify(parseJson(body), (name, value: unknown) => (name === 'resourceVersion' ? undefined : value))
  const careless = (api: ApiConnection): ApiConnection => ({
    ...api,
    request: request =>
      api.request({ ...request, ...(request.body !== undefined && { body: withoutVersion(request.body) }) }),
  })
  return {
    ...real,
    commit: ({ api, clock }, ...intended) => real.commit({ api: careless(api), clock }, ...intended),
    markedWrite: (api, ...write) => real.markedWrite(careless(api), ...write),
  }
})

isFound(import.meta.url)
