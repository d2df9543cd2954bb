import { at } from '../../../src/api/json.ts'
import { deployment } from '../../support/objects.ts'
import { fleets } from '../../support/fleets.ts'
import { collectionPath } from '../../../src/kube/paths.ts'
import { deploymentsPath, shop } from './paths.ts'

/** The targets of a history. The last is a custom resource, whose count is written on the object itself. */
export const allTargets = ['web', 'api', 'batch'] as const

/** Whether a target is the custom resource. */
export const isFleet = (name: string): boolean => name === 'batch'

/** What a hook, or an autoscaler, says of its target. */
export const refTo = (name: string) =>
  isFleet(name)
    ? { apiVersion: `${fleets.group}/${fleets.version}`, kind: fleets.kind, name }
    : { apiVersion: 'apps/v1', kind: 'Deployment', name }

/** Where the objects of a target's kind are. */
export const targetsPath = (name: string): string => (isFleet(name) ? collectionPath(fleets, shop) : deploymentsPath)

/** The count of an object. */
export const countIn = (name: string, object: unknown): number =>
  Number(at(object, 'spec', isFleet(name) ? 'size' : 'replicas') ?? 0)

/** An object with a count. */
export const targetWith = (name: string, count: number): object =>
  isFleet(name) ? { ...refTo(name), metadata: { name }, spec: { size: count } } : deployment(name, count)

/** The ways in which people and programs set a count. */
export const settings = (name: string, count: number) => {
  const path = `${targetsPath(name)}/${name}`
  const byScale = { path: `${path}/scale`, body: { spec: { replicas: count } }, query: { fieldManager: 'kubectl' } }
  if (isFleet(name)) {
    return [
      byScale,
      { path, body: { spec: { size: count } }, query: { fieldManager: 'kubectl-edit' } },
      // Git knows no annotation.
      { path, body: { metadata: { annotations: null }, spec: { size: count } }, query: { fieldManager: 'gitops' } },
    ] as const
  }
  return [
    byScale,
    { path, body: { spec: { replicas: count } }, query: { fieldManager: 'kubectl-edit' } },
    {
      path: `${path}/scale`,
      body: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name }, spec: { replicas: count } },
      query: { fieldManager: 'gitops', force: 'true' },
      contentType: 'application/apply-patch+yaml',
    },
  ] as const
}
