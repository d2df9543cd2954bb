import { describe, expect, it } from 'vitest'
import type { StoredObject } from '../../src/api/object.ts'
import { workloadKind, type Workloads } from '../../src/drivers/rollouts/kinds.ts'
import { rolloutOutcome } from '../../src/drivers/rollouts/outcome.ts'
import { planImages } from '../../src/drivers/redeploy/images.ts'
import { neededOf, type RolloutPlan } from '../../src/drivers/rollouts/plan.ts'
import { wantedBy } from '../../src/drivers/redeploy/wanted.ts'

const note = 'pushed.receiverhooks.dev/app'
const t = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString().replace('.000Z', 'Z')
const ms = (second: number): number => Date.parse(t(second))

const kind = (): Workloads => {
  const found = workloadKind('Deployment')
  if (!found) throw new Error('Deployments are not rolled out')
  return found
}

/** Returns an entry of managedFields, as the API server writes it. */
const owner = (manager: string, second: number, fields: object): object => ({
  manager,
  operation: 'Update',
  apiVersion: 'apps/v1',
  time: t(second),
  fieldsType: 'FieldsV1',
  fieldsV1: fields,
})
const annotation = { 'f:metadata': { 'f:annotations': { '.': {}, [`f:${note}`]: {} } } }
const image = (list = 'containers', name = 'app'): object => ({
  'f:spec': { 'f:template': { 'f:spec': { [`f:${list}`]: { [`k:{"name":"${name}"}`]: { 'f:image': {} } } } } },
})

/** Returns a Deployment that runs version 1. Its annotation names the pushes that it got. */
const deployment = (
  notes: string | undefined,
  managedFields: readonly object[],
  list = 'containers',
): StoredObject => ({
  metadata: {
    name: 'web',
    uid: 'u',
    resourceVersion: '7',
    annotations: { other: 'x', ...(notes !== undefined && { [note]: notes }) },
    managedFields,
  },
  spec: { template: { spec: { [list]: [{ name: 'app', image: 'acme/web:1' }] } } },
})

/** Plans a push of version 2 that was made at a second. */
const planOf = (object: StoredObject, pushedAt: number): RolloutPlan => {
  const pushes = [{ path: 'acme/web', tag: '2', at: ms(pushedAt) }]
  const member = { selector: {}, tags: { glob: '*' }, pin: 'tag', withoutImage: 'skip' } as const
  const wanted = wantedBy(member, pushes, { id: 'act', at: ms(50) }, ms(59))
  return planImages(object, kind(), container => wanted?.chosenFor(container), 'tag')
}

describe('a push to a Deployment that was rolled back', () => {
  it.each<[string, StoredObject]>([
    ['to what an earlier push had rolled out', deployment(`${ms(1)} a`, [owner('kubectl', 20, annotation)])],
    ['by any other program', deployment(`${ms(1)} a`, [owner('rancher', 20, annotation)])],
    ['to what ran before any push', deployment(undefined, [owner('kubectl', 20, image())])],
    [
      'to what ran before any push, in an init container',
      deployment(undefined, [owner('kubectl', 20, image('initContainers'))], 'initContainers'),
    ],
    ['by one of several', deployment(`${ms(1)} a`, [owner('velero', 5, annotation), owner('kubectl', 20, annotation)])],
  ])('%s is skipped if it was made before, and rolls out if it was made after', (_how, object) => {
    expect(planOf(object, 10)).toMatchObject({ patch: [], left: new Set(['rolled back']) })
    expect(planOf(object, 21).changes).toHaveLength(1)
    // What is held of it while many are planned says the same.
    expect(planOf(neededOf(object, kind()), 10)).toEqual(planOf(object, 10))
    expect(planOf(neededOf(object, kind()), 21)).toEqual(planOf(object, 21))
  })

  it.each<[string, StoredObject]>([
    ['whose image this driver has set', deployment(`${ms(1)} a`, [owner('receiver-hooks', 20, annotation)])],
    [
      'whose annotation is also in what somebody applies',
      deployment(`${ms(1)} a`, [owner('receiver-hooks', 5, annotation), owner('helm', 20, annotation)]),
    ],
    ['whose image was set by kubectl set image', deployment(undefined, [owner('kubectl-set', 20, image())])],
    ['that was applied', deployment(undefined, [owner('kubectl-client-side-apply', 20, image())])],
    ['that was applied server-side', deployment(undefined, [{ ...owner('kubectl', 20, image()), operation: 'Apply' }])],
    [
      'of which another container was rolled back',
      deployment(undefined, [owner('kubectl', 20, image('containers', 'b'))]),
    ],
    ['of which kubectl wrote something else', deployment(undefined, [owner('kubectl', 20, annotation)])],
    ['without managedFields', deployment(undefined, [])],
    ['with an entry without a time', deployment(undefined, [{ ...owner('kubectl', 20, image()), time: undefined }])],
    ['with entries that are none', deployment(undefined, [{}, { manager: 'kubectl', fieldsV1: 'f:image' }])],
  ])('is none to one %s', (_what, object) => {
    expect(planOf(object, 10).changes).toHaveLength(1)
    expect(planOf(neededOf(object, kind()), 10)).toEqual(planOf(object, 10))
  })

  it('is answered with the reason', () => {
    const rolled = { rolled: 'nothing', left: new Set(['rolled back'] as const), marks: new Set<string>() } as const
    expect(rolloutOutcome([{ name: 'Deployment/web', rolled }], 'acme/web:2').outcome).toEqual({
      outcome: 'skipped',
      reason: 'Superseded',
      message: 'someone rolled Deployment/web back after acme/web:2 was pushed',
    })
  })
})
