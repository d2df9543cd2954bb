import type { Settlement } from '../../api/settlement.ts'
import type { Look, LookContext } from '../driver.ts'
import type { Reach } from './schema.ts'
import { lookedAt, settlementOf } from './settlement.ts'
import { findWorkloads } from './workloads.ts'

/**
 * Looks at the workloads of a hook. A workload that was deleted, or that another controller owns by
 * now, no longer shows what the hook changed.
 */
export const lookAtWorkloads = async (reach: Reach, { api, namespace }: LookContext): Promise<Look> => {
  const found = await findWorkloads(api, namespace, reach)
  if ('reason' in found && found.reason === 'TooLarge') {
    const { message } = found
    return { objects: 1, settlementOf: () => ({ state: 'progressing', message }) }
  }
  if (!('reason' in found) && found.large.length > 0) {
    // What a workload that cannot be read shows is unknown. It must not count as replaced.
    const message = `${found.large.join(', ')} cannot be read: remove what is large in it, such as annotations`
    return { objects: found.found.length + 1, settlementOf: () => ({ state: 'progressing', message }) }
  }
  const workloads = 'reason' in found ? [] : found.found.map(({ object, workloads: kind }) => lookedAt(object, kind))
  return {
    objects: workloads.length,
    settlementOf: (change, now) => ('did' in change ? settlementOf(change, workloads, now) : ofAnotherDriver),
  }
}

const ofAnotherDriver: Settlement = {
  state: 'replaced',
  message: 'the delivery changed a count, and the hook rolls out workloads now',
}
