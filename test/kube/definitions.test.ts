import { expect, it } from 'vitest'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { definitionsOf } from '../../src/kube/definitions.ts'
import { UnknownKind } from '../../src/kube/errors.ts'
import { fakeClock } from '../support/clock.ts'
import { noApi } from '../support/environment.ts'

const definition = (change: object = {}, version: object = {}): object => ({
  metadata: { name: 'fleets.acme.example', uid: 'u', resourceVersion: '1' },
  spec: {
    scope: 'Namespaced',
    names: { kind: 'Fleet' },
    versions: [
      { name: 'v1beta1', served: true },
      { name: 'v1', served: true, subresources: { scale: { specReplicasPath: '.spec.ships' } }, ...version },
    ],
    ...change,
  },
})

const setUp = (answer: () => { readonly status: number; readonly object?: object }) => {
  const clock = fakeClock()
  const asked: string[] = []
  const api = {
    ...noApi,
    request: ({ path }: ApiRequest) => {
      asked.push(path)
      const { object, status } = answer()
      return Promise.resolve({ status, headers: {}, body: JSON.stringify(object ?? { kind: 'Status', code: status }) })
    },
  }
  const definitions = definitionsOf({ api, clock }, { lane: 'step', timeoutMs: 1000 })
  return { asked, clock, countOf: (kind = 'Fleet') => definitions.countOf('acme.example/v1', kind) }
}

it('finds where a kind has its count, and asks again when that is ten minutes old', async () => {
  const { asked, clock, countOf } = setUp(() => ({ status: 200, object: definition() }))
  const found = { type: { group: 'acme.example', version: 'v1', resource: 'fleets', kind: 'Fleet' }, member: 'ships' }
  expect(await Promise.all([countOf(), countOf()])).toEqual([found, found])
  await clock.advance(599_000)
  expect(await countOf()).toEqual(found)
  expect(asked).toEqual(['/apis/apiextensions.k8s.io/v1/customresourcedefinitions/fleets.acme.example'])
  await clock.advance(2000)
  expect(await countOf()).toEqual(found)
  expect(asked).toHaveLength(2)
})

it.each<[string, object, object]>([
  ['is that of Navy', { names: { kind: 'Navy' } }, {}],
  ['is in no namespace', { scope: 'Cluster' }, {}],
  ['is not served as v1', {}, { served: false }],
  ['has no /scale', {}, { subresources: {} }],
  [
    'has its count in .spec.fleet.ships, and not directly in spec',
    {},
    { subresources: { scale: { specReplicasPath: '.spec.fleet.ships' } } },
  ],
])('takes no kind that %s', async (missing, change, version) => {
  const { countOf } = setUp(() => ({ status: 200, object: definition(change, version) }))
  const message = `cannot scale acme.example/v1 Fleet: the kind fleets.acme.example ${missing}`
  expect(await countOf()).toEqual({ reason: 'NotScalable', message })
})

it('looks for a kind that is not there once in ten seconds, and at once after an error', async () => {
  let status = 404
  const { asked, clock, countOf } = setUp(() => ({ status, object: status === 200 ? definition() : {} }))
  const type = { group: 'acme.example', version: 'v1', resource: 'fleets', kind: 'Fleet' }
  expect(await countOf()).toEqual({ reason: 'TargetNotFound', message: new UnknownKind(type).message })
  await clock.advance(9000)
  await countOf()
  expect(asked).toHaveLength(1)
  await clock.advance(2000)
  status = 500
  await expect(countOf()).rejects.toThrow('500')
  status = 200
  expect(await countOf()).toMatchObject({ member: 'ships' })
  expect(asked).toHaveLength(3)
})

it('remembers no more than the newest 64 kinds', async () => {
  const { asked, countOf } = setUp(() => ({ status: 404 }))
  for (let kind = 0; kind < 65; kind++) await countOf(`Kind${kind}`)
  await countOf('Kind64')
  expect(asked).toHaveLength(65)
  await countOf('Kind0')
  expect(asked).toHaveLength(66)
})
