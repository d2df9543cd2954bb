import { describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { customDefinitions } from '../../src/kube/definitions.ts'
import { collectionPath, type ResourceType } from '../../src/kube/paths.ts'
import { create, readOfAnyKind } from '../../src/kube/requests.ts'
import { hooks, scaledObjects } from '../../src/kube/resources.ts'
import { UnknownKind } from '../../src/kube/errors.ts'
import { machineSets } from '../../src/steps/target/pools.ts'
import { define, defineFleets, make } from '../support/counted.ts'
import { definitionOf } from '../support/definition.ts'
import { fleets } from '../support/fleets.ts'
import { cluster, post, product, until, type Cluster } from '../support/product.ts'

const waysToRead = [{}, { query: { resourceVersion: '0' } }, { as: 'metadata' }] as const

it.each<[string, ResourceType]>([
  ['whose group nothing brings', { group: 'ships.example.com', version: 'v1', resource: 'krakens', kind: 'Kraken' }],
  ['that its group does not have', { ...fleets, resource: 'krakens', kind: 'Kraken' }],
  ['that its group has in another version', { ...fleets, version: 'v2' }],
  ['that a built-in group does not have', { group: 'apps', version: 'v1', resource: 'krakens', kind: 'Kraken' }],
  [
    'of a version that a built-in group does not have',
    { group: 'apps', version: 'v9', resource: 'deployments', kind: 'Deployment' },
  ],
])('a kind %s is distinguished from an object that is missing', async (_what, type) => {
  const { api, namespace } = await cluster()
  await defineFleets(api)
  for (const way of waysToRead) {
    await expect(readOfAnyKind(api, type, namespace, 'north', way)).rejects.toThrow(UnknownKind)
    expect(await readOfAnyKind(api, fleets, namespace, 'north', way)).toBeUndefined()
  }
})

const ready = async ({ hook }: Cluster, name: string): Promise<unknown> => {
  const conditions = at(await hook(name), 'status', 'conditions')
  return Array.isArray(conditions) ? conditions.find(each => at(each, 'type') === 'Ready') : undefined
}

const workers = { target: { kind: 'MachineSet', name: 'workers' }, action: 'up', max: 9 }

const pools = definitionOf(machineSets, {
  type: 'object',
  properties: { spec: { type: 'object', properties: { replicas: { type: 'integer' } } } },
})

describe('a hook on a kind that nothing has brought', () => {
  it('says so, works as soon as something does, and says so again when that is removed', async () => {
    const here = await cluster()
    const { api, namespace } = here
    await product(here)
    await create(api, hooks, namespace, {
      apiVersion,
      kind: hookKind,
      metadata: { name: 'more' },
      spec: { driver: 'scaleNodes', scaleNodes: workers },
    })
    const url = await here.url('more')
    const { message } = new UnknownKind(machineSets)
    const missing = { status: 422, body: { outcome: 'failed', reason: 'TargetNotFound', message } }
    expect(await ready(here, 'more')).toMatchObject({ status: 'False', reason: 'TargetNotFound', message })
    expect(await post(url)).toMatchObject(missing)

    await define(api, machineSets, pools)
    await make(here, machineSets, 'workers', { replicas: 2 })
    expect(await post(url)).toMatchObject({ status: 200, body: { outcome: 'applied', from: 2, to: 3 } })
    await until(
      () => ready(here, 'more'),
      condition => at(condition, 'status') === 'True',
    )

    const path = `${collectionPath(customDefinitions)}/${pools.metadata.name}`
    expect(await api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 5000 })).toMatchObject({ status: 200 })
    const seen = await until(
      () => post(`${url}?dryRun=true`),
      ({ body }) => body['message'] === message,
    )
    expect(seen).toMatchObject(missing)
  })

  it('says what brings it, where it is another project that it knows', async () => {
    const here = await cluster()
    await product(here)
    const { kind, group, version } = scaledObjects
    await here.createHook('more', { target: { apiVersion: `${group}/${version}`, kind, name: 'web' } })
    const url = await here.url('more')
    const { message } = new UnknownKind(scaledObjects)
    expect(await ready(here, 'more')).toMatchObject({ status: 'False', reason: 'TargetNotFound', message })
    expect(await post(url)).toMatchObject({ status: 422, body: { reason: 'TargetNotFound', message } })
  })
})
