import { at } from '../../src/api/json.ts'
import { listAt } from '../deploy/manifests.ts'

export type Kstatus = 'Current' | 'InProgress' | 'Failed' | 'Terminating'

/**
 * Returns what Flux and others who use kstatus take a custom resource for. The rules are those of Compute in
 * https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus, in their order.
 */
export const kstatusOf = (object: unknown): Kstatus => {
  if (at(object, 'metadata', 'deletionTimestamp') !== undefined) return 'Terminating'
  const observed = at(object, 'status', 'observedGeneration')
  if (observed !== undefined && observed !== at(object, 'metadata', 'generation')) return 'InProgress'
  for (const condition of listAt(object, 'status', 'conditions')) {
    if (at(condition, 'status') !== 'True') continue
    if (at(condition, 'type') === 'Reconciling') return 'InProgress'
    if (at(condition, 'type') === 'Stalled') return 'Failed'
  }
  const ready = listAt(object, 'status', 'conditions').find(condition => at(condition, 'type') === 'Ready')
  return ready === undefined || at(ready, 'status') === 'True' ? 'Current' : 'InProgress'
}
