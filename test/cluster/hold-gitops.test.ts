import { describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import type { ResourceType } from '../../src/kube/paths.ts'
import { kubectl } from '../support/kubectl.ts'
import { deployment } from '../support/objects.ts'
import { look } from '../support/counted.ts'
import { cluster, deployments, postUntilDone, product, until } from '../support/product.ts'

/** How the two apply a manifest by default, in kubectl's words. */
const flux = ['--server-side', '--force-conflicts', '--field-manager=kustomize-controller']
const argo = ['--field-manager=argocd-controller']

const cronJobs: ResourceType = { group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob' }
const { replicas: _, ...workload } = deployment('web', 0).spec
const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'web', image: 'web' }] } }

interface Row {
  readonly type: ResourceType
  readonly apiVersion: string
  /** The spec in Git, without the field. */
  readonly spec: object
  readonly field: string
  readonly hold: object
  /** The value before the hold, and while it is held. */
  readonly was: unknown
  readonly held: unknown
}

const rows: readonly Row[] = [
  {
    type: cronJobs,
    apiVersion: 'batch/v1',
    spec: { schedule: '0 3 1 1 *', jobTemplate: { spec: { template } } },
    field: 'suspend',
    hold: {},
    was: false,
    held: true,
  },
  { type: deployments, apiVersion: 'apps/v1', spec: workload, field: 'replicas', hold: { to: 0 }, was: 3, held: 0 },
]

const setUp = async ({ apiVersion, field, hold, spec, type }: Row, flags: readonly string[]) => {
  const here = await cluster()
  await product(here)
  let applies = 0
  /** Applies the manifest in Git, each time with something else in it. The field is left out without a value. */
  const sync = async (value?: unknown): Promise<void> => {
    const metadata = { name: 'web', namespace: here.namespace, annotations: { sync: String(applies++) } }
    const said = { ...spec, ...(value !== undefined && { [field]: value }) }
    const manifest = JSON.stringify({ apiVersion, kind: type.kind, metadata, spec: said })
    const { code, stderr } = await kubectl(here.kubeconfig, ['apply', ...flags, '-f', '-'], manifest)
    // kubectl warns of an object that was not made by an apply.
    expect([code, stderr.replace(/^Warning: .*$/gm, '').trim()]).toEqual([0, ''])
  }
  const post = async (): Promise<void> => {
    const target = { apiVersion, kind: type.kind, name: 'web' }
    await here.createHook('one', {}, { driver: 'hold', scale: undefined, hold: { target, ...hold }, for: '2h' })
    const { body } = await postUntilDone(await here.url('one'), undefined, { headers: { 'idempotency-key': 'one' } })
    expect(body['reason']).toMatch(/^(?:Held|Duplicate)$/)
  }
  const end = () => here.patchHook('one', { spec: { endBefore: new Date(Date.now() + 1000).toISOString() } })
  /** Waits until the hook holds nothing any more. */
  const ended = () =>
    until(
      () => here.hook('one'),
      hook => at(hook, 'status', 'leases') === undefined && at(hook, 'status', 'lastDelivery', 'outcome') !== undefined,
    )
  /** Sets the field as a person does. */
  const edit = async (value: unknown): Promise<void> => {
    const patch = JSON.stringify({ spec: { [field]: value } })
    const line = ['patch', type.resource, 'web', '-n', here.namespace, '--type=merge', '-p', patch]
    expect((await kubectl(here.kubeconfig, line)).code).toBe(0)
  }
  const value = (): Promise<unknown> => look(here, type, 'web', 'spec', field)
  return { ...here, edit, end, ended, post, sync, value }
}

describe.each([
  ['Flux', flux],
  ['Argo CD', argo],
] as const)('with %s', (tool, flags) => {
  describe.each(rows.map(row => [`${row.type.kind} ${row.field}`, row] as const))('%s', (_, row) => {
    it('stays held while Git leaves it out, and comes back', async () => {
      const { edit, end, post, sync, value } = await setUp(row, flags)
      await sync()
      await edit(row.was)
      await post()
      for (let syncs = 0; syncs < 3; syncs++) await sync()
      expect(await value()).toBe(row.held)
      await end()
      expect(await until(value, now => now !== row.held)).toBe(row.was)
    })

    it('is what Git says from the next sync on, if Git names another value', async () => {
      const { post, sync, value } = await setUp(row, flags)
      await sync(row.was)
      await post()
      expect(await value()).toBe(row.held)
      await sync(row.was)
      expect(await value()).toBe(row.was)
    })

    it('is what Git says after the end, if Git names the very value that is held', async () => {
      const { end, ended, post, sync, value } = await setUp(row, flags)
      await sync(row.was)
      await post()
      await sync(row.held)
      await end()
      await ended()
      // A client-side apply sends nothing for a value that is there already, so it is no word of anybody's.
      expect(await value()).toBe(tool === 'Flux' ? row.held : row.was)
      await sync(row.held)
      expect(await value()).toBe(row.held)
    })
  })
})
