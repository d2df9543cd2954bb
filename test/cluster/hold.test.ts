import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { connect } from '../../src/environment/node.ts'
import { loadAccess } from '../../src/kube/access.ts'
import { apiVersionOf, objectPath } from '../../src/kube/paths.ts'
import { heldKinds, type HeldKind } from '../../src/steps/target/held-kinds.ts'
import { heldName } from '../../src/steps/target/holds.ts'
import { define, look, make, merge } from '../support/counted.ts'
import { deployment } from '../support/objects.ts'
import { cluster, postUntilDone, until } from '../support/product.ts'
import { startControlPlane } from './control-plane/control-plane.ts'
import { installation, rightsOfBase, rightsOfDriver } from './installation.ts'
import { readinessOf, runRoles } from './roles.ts'

const ofKind: Readonly<Record<string, { readonly role: string; readonly spec: object }>> = {
  CronJob: {
    role: 'hold-cron-jobs',
    spec: {
      schedule: '0 3 1 1 *',
      suspend: false,
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'web', image: 'web' }] } } },
      },
    },
  },
  Deployment: { role: 'hold-pauses', spec: deployment('web', 2).spec },
  StatefulSet: { role: 'hold-workloads', spec: { ...deployment('web', 2).spec, serviceName: 'web' } },
  Rollout: { role: 'hold-pauses', spec: {} },
  HorizontalPodAutoscaler: {
    role: 'hold-autoscalers',
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'other' }, maxReplicas: 5 },
  },
  ScaledObject: { role: 'hold-autoscalers', spec: { scaleTargetRef: { name: 'other' } } },
  Kustomization: { role: 'hold-flux', spec: { interval: '5m' } },
  HelmRelease: { role: 'hold-flux', spec: { interval: '5m' } },
  Application: { role: 'hold-argo-cd', spec: { syncPolicy: { automated: { prune: true } } } },
}

/** Returns a definition of a custom kind that keeps all members of its spec. */
const definitionOf = ({ group, kind, resource, version }: HeldKind['type']): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${resource}.${group}` },
  spec: {
    group,
    names: { kind, plural: resource, singular: kind.toLowerCase(), listKind: `${kind}List` },
    scope: 'Namespaced',
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      },
    ],
  },
})

const isCustom = ({ group }: HeldKind['type']): boolean => group.includes('.') && !group.endsWith('.k8s.io')

// Of its own: other tests define some of these kinds with fewer members.
let kubeconfig = ''
let stop = async (): Promise<void> => undefined
afterAll(() => stop())
beforeAll(async () => {
  ;({ kubeconfig, stop } = await startControlPlane())
  const api = connect(await loadAccess({ kubeconfig, env: {} }))
  try {
    for (const { type } of heldKinds.filter(({ type }) => isCustom(type))) await define(api, type, definitionOf(type))
  } finally {
    await api.close()
  }
}, 120_000)

const installed = async (type: HeldKind['type'], role: string) => {
  const here = await cluster(kubeconfig)
  const { as } = await installation(here, [...rightsOfBase(), ...rightsOfDriver(role)])
  const spec = ofKind[type.kind]?.spec ?? {}
  await make(here, type, 'web', spec, { annotations: { kept: 'yes' } })
  const patch = async (operations: readonly object[]): Promise<number> => {
    const { status } = await as.trigger.request({
      method: 'PATCH',
      path: objectPath(type, here.namespace, 'web'),
      query: { dryRun: 'All' },
      contentType: 'application/json-patch+json',
      body: JSON.stringify(operations),
      lane: 'bulk',
      timeoutMs: 5000,
    })
    return status
  }
  return { here, as, patch }
}

/** Returns what a person sets a held field to. */
const wordFor = ({ field: { isCount, isText, on } }: HeldKind): unknown => {
  if (on === 'Disabled') return 'Min'
  if (typeof on === 'boolean') return !on
  return isCount ? 7 : isText && on === undefined ? '7' : 'false'
}

/** Returns an object with a value at a path. */
const nested = ([first = '', ...rest]: readonly string[], value: unknown): object => ({
  [first]: rest.length === 0 ? value : nested(rest, value),
})

const add = (path: string, value: unknown) => ({ op: 'add', path, value })

/** Returns the change of another field than those that hooks hold. */
const other = (kind: string) => {
  if (kind === 'Deployment' || kind === 'StatefulSet') return add('/spec/minReadySeconds', 7)
  if (kind === 'CronJob') return add('/spec/schedule', '0 4 1 1 *')
  return kind === 'HorizontalPodAutoscaler' ? add('/spec/scaleTargetRef/name', 'no') : add('/spec/other', 'no')
}

const roleOf = ({ field, type }: HeldKind): string =>
  field.isCount ? 'hold-workloads' : (ofKind[type.kind]?.role ?? '')

describe.each(heldKinds.map(kind => [kind.type.kind, heldName(kind.field), kind] as const))(
  '%s %s',
  (_kind, _field, kind) => {
    const { field, type } = kind

    it('is held and released with the rights of its own role alone, and then stays as a person has set it', async () => {
      const { as, here, patch } = await installed(type, roleOf(kind))
      await until(
        () => patch([add('/metadata/labels', { evil: 'yes' })]),
        status => status === 403 || status === 422,
      )
      const port = await runRoles(here, as)
      const before = await look(here, type, 'web', ...field.path)
      const target = { apiVersion: apiVersionOf(type), kind: type.kind, name: 'web' }
      const hold = { target, switch: kind.switch, ...(field.on === undefined && { to: 0 }) }
      await here.createHook('one', {}, { driver: 'hold', scale: undefined, hold, for: '2h' })
      const url = `http://127.0.0.1:${port}${new URL(await here.url('one')).pathname}`
      await until(
        () => readinessOf(here, 'one'),
        said => said.startsWith('True'),
      )
      // Named, so that it can be sent again where a busy machine leaves its outcome open.
      const post = async (key: string): Promise<void> => {
        const held = await postUntilDone(url, undefined, { headers: { 'idempotency-key': key } })
        const { message, reason } = held.body
        expect([held.status, reason, message]).toEqual([200, expect.stringMatching(/^(?:Held|Duplicate)$/), message])
        expect(await look(here, type, 'web', ...field.path)).toBe(field.on ?? (field.isText ? '0' : 0))
      }
      const end = () => here.patchHook('one', { spec: { endBefore: new Date(Date.now() + 1000).toISOString() } })
      await post('one')
      await end()
      const after = await until(
        () => look(here, type, 'web', ...field.path),
        now => now !== (field.on ?? (field.isText ? '0' : 0)),
      )
      // The API server has defaults for the behaviour of an autoscaler, which the policy lets it fill in.
      expect(after).toBe(type.kind === 'HorizontalPodAutoscaler' ? 'Max' : before)
      const holds = await look(here, type, 'web', 'metadata', 'annotations', 'receiverhooks.dev/holds')
      expect(holds).toBe('{}')

      // What ends before that time is not leased any more.
      await until(
        () => here.hook('one'),
        now => at(now, 'status', 'leases') === undefined,
      )
      await post('two')
      const word = wordFor(kind)
      await merge(here, type, 'web', nested(field.path, word))
      await end()
      await until(
        () => here.hook('one'),
        now => at(now, 'status', 'leases') === undefined,
      )
      // A Deployment has no `paused: false`.
      expect((await look(here, type, 'web', ...field.path)) ?? false).toBe(word)
    })

    it('is all that the role may change', async () => {
      const { patch } = await installed(type, roleOf(kind))
      const label = add('/metadata/labels', { evil: 'yes' })
      await until(
        () => patch([label]),
        status => status === 403 || status === 422,
      )
      const illegal = [
        [label],
        [add('/metadata/annotations/kept', 'no')],
        [add('/metadata/finalizers', ['example.com/never'])],
        [add('/metadata/annotations/autoscaling.keda.sh~1paused-by', 'no')],
        ...(field.path[0] === 'spec' ? [[add('/metadata/annotations/autoscaling.keda.sh~1paused', 'true')]] : []),
        [other(type.kind)],
      ]
      for (const operations of illegal) {
        expect([operations, String(await patch(operations))]).toEqual([
          operations,
          expect.stringMatching(/^4(?:03|22)$/),
        ])
      }
      const pointer = `/${field.path.map(name => name.replaceAll('/', '~1')).join('/')}`
      const isWhole = kind.type.kind !== 'HorizontalPodAutoscaler'
      expect(await patch([add(pointer, field.on ?? (field.isText ? '0' : 0))])).toBe(isWhole ? 200 : 422)
    })
  },
)

it('a role of another driver that may patch the kind holds nothing', async () => {
  const type = heldKinds.find(({ type }) => type.kind === 'Deployment')?.type
  if (!type) throw new Error('a Deployment can be held')
  const { patch } = await installed(type, 'restart')
  await until(
    () => patch([add('/metadata/labels', { evil: 'yes' })]),
    status => status === 403 || status === 422,
  )
  expect(await patch([add('/spec/paused', true)])).toBeGreaterThanOrEqual(403)
})
