import { globSync, readFileSync } from 'node:fs'
import { expect, inject, it } from 'vitest'
import { at, isObject, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { create } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { blocksIn, kindOf, nameOf, objectsIn } from '../deploy/manifests.ts'
import { applyAs } from '../support/apply.ts'
import { kubectl } from '../support/kubectl.ts'
import { cluster } from '../support/product.ts'

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

it('the examples and the pages have hooks of every driver', () => {
  const drivers = new Set(manifests.map(([, hook]) => stringAt(hook, 'spec', 'driver')))
  expect(drivers).toEqual(new Set(['forward', 'hold', 'redeploy', 'restart', 'runJob', 'scale', 'scaleNodes']))
})

it.each(manifests)('two appliers of %s have no conflict', async (_, hook) => {
  const here = await cluster()
  expect(await applyAs(here, 'kubectl', hook)).toEqual([201, ''])
  expect(await applyAs(here, 'flux', hook)).toEqual([200, ''])
  expect(await applyAs(here, 'kubectl', hook)).toEqual([200, ''])
})

it.each(manifests)('who applies %s server-side after a client-side apply has no conflict', async (_, hook) => {
  const here = await cluster()
  await create(here.api, hooks, here.namespace, { ...(isObject(hook) && hook), metadata: { name: nameOf(hook) } })
  expect(await applyAs(here, 'flux', hook)).toEqual([200, ''])
})

const scaling = (target: object, more: object = {}, other: object = {}): object => ({
  apiVersion,
  kind: hookKind,
  metadata: { name: 'web-up' },
  spec: { driver: 'scale', scale: { target, action: 'up', max: 9, ...more }, ...other },
})

it('an applier who leaves out the kind of the target again has the default', async () => {
  const here = await cluster()
  const autoscaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'web', count: 'max' }
  expect(await applyAs(here, 'flux', scaling(autoscaler))).toEqual([201, ''])
  expect(await applyAs(here, 'flux', scaling({ name: 'api' }))).toEqual([200, ''])
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' }
  expect(at(await here.hook('web-up'), 'spec', 'scale', 'target')).toEqual(target)
})

it('an applier who wants another value conflicts with its owner until it forces', async () => {
  const here = await cluster()
  await applyAs(here, 'kubectl', scaling({ name: 'web' }))
  const higher = scaling({ name: 'web' }, { max: 12 })
  const field = '.spec.scale.max'
  expect(await applyAs(here, 'flux', higher)).toEqual([
    409,
    `Apply failed with 1 conflict: conflict with "kubectl": ${field}`,
  ])
  expect(await applyAs(here, 'flux', higher, { force: 'true' })).toEqual([200, ''])
  expect(at(await here.hook('web-up'), 'spec', 'scale', 'max')).toBe(12)
  expect(await applyAs(here, 'kubectl', scaling({ name: 'web' }))).toEqual([
    409,
    `Apply failed with 1 conflict: conflict with "flux": ${field}`,
  ])
})

it('an applier conflicts with every owner of every field that it changes', async () => {
  const here = await cluster()
  await applyAs(here, 'kubectl', scaling({ name: 'web' }))
  await applyAs(here, 'flux', scaling({ name: 'web' }))
  expect(await applyAs(here, 'helm', scaling({ name: 'api' }, { max: 12 }))).toEqual([
    409,
    'Apply failed with 4 conflicts: ' +
      ['flux', 'kubectl']
        .map(owner => `conflicts with "${owner}":\n- .spec.scale.max\n- .spec.scale.target.name`)
        .join('\n'),
  ])
})

it('a field stays while another applier wants it, and goes with the last', async () => {
  const here = await cluster()
  const waiting = scaling({ name: 'web' }, {}, { cooldown: '1m' })
  await applyAs(here, 'kubectl', waiting)
  await applyAs(here, 'flux', waiting)
  await applyAs(here, 'kubectl', scaling({ name: 'web' }))
  expect(at(await here.hook('web-up'), 'spec', 'cooldown')).toBe('1m')
  await applyAs(here, 'flux', scaling({ name: 'web' }))
  expect(at(await here.hook('web-up'), 'spec', 'cooldown')).toBe('0s')
})

it('appliers of different entries of a list share it', async () => {
  const here = await cluster()
  const job = (name: string, value: string): object => ({
    apiVersion,
    kind: hookKind,
    metadata: { name: 'report' },
    spec: { driver: 'runJob', runJob: { cronJob: 'report', env: [{ name, value }] } },
  })
  await applyAs(here, 'kubectl', job('A', '1'))
  expect(await applyAs(here, 'flux', job('B', '2'))).toEqual([200, ''])
  expect(await applyAs(here, 'flux', job('A', '2'))).toEqual([
    409,
    'Apply failed with 1 conflict: conflict with "kubectl": .spec.runJob.env[name="A"].value',
  ])
  await applyAs(here, 'kubectl', job('C', '3'))
  expect(at(await here.hook('report'), 'spec', 'runJob', 'env')).toEqual([
    { name: 'B', value: '2' },
    { name: 'C', value: '3' },
  ])
})

it('a patch owns what it changes', async () => {
  const here = await cluster()
  await applyAs(here, 'flux', scaling({ name: 'web' }))
  await here.patchHook('web-up', { spec: { scale: { max: 12 } } })
  expect(await applyAs(here, 'flux', scaling({ name: 'web' }))).toEqual([
    409,
    `Apply failed with 1 conflict: conflict with "receiver-hooks" using ${apiVersion}: .spec.scale.max`,
  ])
})

it('kubectl applies server-side what it has applied client-side, and is then the one who does', async () => {
  const here = await cluster()
  const apply = (max: number, ...flags: readonly string[]) =>
    kubectl(
      inject('kubeconfig'),
      ['apply', '--namespace', here.namespace, '--filename', '-', ...flags],
      JSON.stringify(scaling({ name: 'web' }, { max })),
    )
  expect(await apply(9)).toMatchObject({ code: 0, stderr: '' })
  expect(await apply(12, '--server-side')).toMatchObject({ code: 0, stderr: '' })
  const hook = await here.hook('web-up')
  const managers = hook?.metadata.managedFields?.map(entry => stringAt(entry, 'manager'))
  expect(managers).toContain('kubectl')
  expect(managers).not.toContain('kubectl-client-side-apply')
  expect(await apply(9, '--server-side', '--field-manager', 'flux')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('conflict with "kubectl": .spec.scale.max') as unknown,
  })
})
