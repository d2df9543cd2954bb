import { expect, test } from 'vitest'
import { at, isObject, parseJson } from '../../src/api/json.ts'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { installation, type Installation } from './installation.ts'

/** Answers lists of hooks. In these, the status of one hook has a form that no version of the product knows. */
const withSpoiled =
  ({ api }: Pick<Installation, 'api'>, spoiled: string) =>
  (request: ApiRequest) => {
    if (request.method !== 'GET' || !request.path.endsWith('/receiverhooks')) return undefined
    return api.request(request).then(answer => {
      const list = parseJson(answer.body)
      const items: unknown = at(list, 'items')
      for (const item of Array.isArray(items) ? items : []) {
        const status: unknown = at(item, 'status')
        if (at(item, 'metadata', 'name') === spoiled && isObject(status)) Object.assign(status, { conditions: 'none' })
      }
      return { ...answer, body: JSON.stringify(list) }
    })
  }

test('a hook whose report cannot be compared with its status keeps no leader from its work', async () => {
  const x = await installation()
  await x.createDeployment('web')
  await x.createHook('bad')
  await x.createHook('good')
  const process = x.start('first', { before: withSpoiled(x, 'bad') })
  await x.becomes('good', 'Valid')
  await x.pass(60_000)
  expect(process.lines.filter(line => line.includes('the leader failed'))).toEqual([])
  expect(process.lines.filter(line => line.includes('receiverhook-deliveries')).length).toBeGreaterThan(3)
  await x.patchHook('good', { spec: { suspend: true } })
  await x.becomes('good', 'Suspended')
})
