import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { at, isObject, stringAt, tryParseJson } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { blocksIn, kindOf, nameOf, objectsIn } from '../deploy/manifests.ts'
import { cluster, type Cluster } from '../support/product.ts'

const texts = [
  ...globSync('deploy/examples/**/*.yaml', { exclude: ['**/templates/**'] }).map(
    file => [file, readFileSync(file, 'utf8')] as const,
  ),
  ...globSync('docs/**/*.md').flatMap(page => blocksIn(page, 'yaml').map(text => [page, text] as const)),
].filter(([, text]) => text.includes(`kind: ${hookKind}\n`) && !text.includes('{{'))

const manifests = texts.flatMap(([file, text]) =>
  objectsIn(text)
    .filter(object => kindOf(object) === hookKind)
    .map((hook): [string, unknown] => [`${nameOf(hook)} of ${file}`, hook]),
)

/** Applies a hook server-side without force, under the name of its manifest. Returns the status and the message. */
const apply = async (
  { api, namespace }: Cluster,
  fieldManager: string,
  hook: unknown,
): Promise<readonly [number, string]> => {
  const object = isObject(hook) ? hook : {}
  const { status, body } = await api.request({
    method: 'PATCH',
    path: objectPath(hooks, namespace, nameOf(hook)),
    query: { fieldManager },
    contentType: 'application/apply-patch+yaml',
    body: JSON.stringify({ ...object, metadata: { name: nameOf(hook), namespace } }),
    lane: 'bulk',
    timeoutMs: 5000,
  })
  return [status, stringAt(tryParseJson(body), 'message') ?? '']
}

it('the examples and the pages have hooks of every driver', () => {
  const drivers = new Set(manifests.map(([, hook]) => at(hook, 'spec', 'driver')))
  expect([...drivers].toSorted()).toEqual(['forward', 'redeploy', 'restart', 'runJob', 'scale', 'scaleNodes'])
})

it.each(manifests)('two appliers of %s have no conflict', async (_, hook) => {
  const here = await cluster()
  expect(await apply(here, 'kubectl', hook)).toEqual([201, ''])
  expect(await apply(here, 'flux', hook)).toEqual([200, ''])
  expect(await apply(here, 'kubectl', hook)).toEqual([200, ''])
})

it.each(manifests)('who applies %s server-side after a client-side apply has no conflict', async (_, hook) => {
  const here = await cluster()
  await create(here.api, hooks, here.namespace, { ...(isObject(hook) && hook), metadata: { name: nameOf(hook) } })
  expect(await apply(here, 'flux', hook)).toEqual([200, ''])
})

it('an applier who leaves out the kind of the target again has the default', async () => {
  const here = await cluster()
  const hook = (target: object): object => ({
    apiVersion,
    kind: hookKind,
    metadata: { name: 'web-up' },
    spec: { driver: 'scale', scale: { target, action: 'up', max: 9 } },
  })
  const autoscaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'web', count: 'max' }
  expect(await apply(here, 'flux', hook(autoscaler))).toEqual([201, ''])
  expect(await apply(here, 'flux', hook({ name: 'api' }))).toEqual([200, ''])
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' }
  expect(at(await here.hook('web-up'), 'spec', 'scale', 'target')).toEqual(target)
})
