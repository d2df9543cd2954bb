import type { Settlement } from '../../api/settlement.ts'
import type { Look, LookContext } from '../driver.ts'
import type { Reach } from './schema.ts'
import { podsCollector, podSelector } from './pods.ts'
import { lookedAt, settlementOf, type LookedAt } from './settlement.ts'
import { findWorkloads } from './workloads.ts'

/** After a look has read this number of pods, it reads the pods of no further workload. */
const maxPodsOfLook = 100

/**
 * Looks at the workloads of a hook. A workload that was deleted, or that another controller owns
 * now, no longer shows what the hook changed.
 */
export const lookAtWorkloads = async (reach: Reach, looking: LookContext): Promise<Look> => {
  const { api, namespace } = looking
  const found = await findWorkloads(api, namespace, reach)
  if ('reason' in found && found.reason === 'TooLarge') {
    const { message } = found
    return { objects: 1, settlementOf: () => ({ state: 'progressing', message }) }
  }
  if (!('reason' in found) && found.large.length > 0) {
    // A workload that cannot be read may still have the change, which must not count as replaced.
    const message = `can't read ${found.large.join(', ')}: remove large parts of it, such as annotations`
    return { objects: found.found.length + 1, settlementOf: () => ({ state: 'progressing', message }) }
  }
  const workloads: LookedAt[] = []
  let pods = 0
  for (const each of 'reason' in found ? [] : found.found) {
    const seen = lookedAt(each.object, each.workloads)
    const isAsked = seen.progress.state === 'running' && pods < maxPodsOfLook
    const selector = isAsked ? podSelector(each.object) : undefined
    const collector = podsCollector(each.object, each.workloads, seen.progress.of)
    const count = selector === undefined ? undefined : await looking.pods(selector, collector.take)
    pods += count ?? 0
    workloads.push(count === undefined ? seen : { ...seen, pods: collector.result() })
  }
  return {
    objects: workloads.length + pods,
    settlementOf: (change, now) => ('did' in change ? settlementOf(change, workloads, now) : ofAnotherDriver),
  }
}

const ofAnotherDriver: Settlement = {
  state: 'replaced',
  message: 'the delivery changed a count, but now the hook rolls out workloads',
}
