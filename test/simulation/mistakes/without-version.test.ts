import { vi } from 'vitest'
import { parseJson } from '../../../src/api/json.ts'
import type { ApiConnection } from '../../../src/environment/environment.ts'
import { isFound } from './mistake.ts'

// A write of a count does not say which version it was computed from.
vi.mock(import('../../../src/steps/target/write.ts'), async original => {
  const real = await original()
  const careless = (api: ApiConnection): ApiConnection => ({
    ...api,
    request: request =>
      api.request({
        ...request,
        body: JSON.stringify(parseJson(request.body ?? ''), (name, value: unknown) =>
          name === 'resourceVersion' ? undefined : value,
        ),
      }),
  })
  return { ...real, markedWrite: (api, ...write) => real.markedWrite(careless(api), ...write) }
})

isFound(import.meta.url)
