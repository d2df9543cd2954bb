import type { StoredObject } from '../../src/api/object.ts'
import { drivers } from '../../src/drivers/registry.ts'
import type { TargetKind } from '../../src/drivers/driver.ts'
import type { Environment } from '../../src/environment/environment.ts'
import { isStatus } from '../../src/kube/errors.ts'
import { watchObjects } from '../../src/kube/watch-objects.ts'
import type { StreamEvent, TargetCount } from '../protocol.ts'
import { whyOf } from './api.ts'
import { debounce } from './debounce.ts'

type World = Pick<Environment, 'api' | 'clock' | 'log' | 'random'>

/** The kinds of targets that have a count, by the name of the kind. */
const countedKinds: ReadonlyMap<string, TargetKind> = new Map(
  drivers.flatMap(driver => driver.targets).flatMap(target => (target.replicas ? [[target.type.kind, target]] : [])),
)

/**
 * Returns what begins to follow the counts of kinds, such as those of the shown hooks, until `stop` is aborted. `send`
 * gets all changes of 100 ms together.
 */
export const followCounts = (
  world: World,
  namespace: string | undefined,
  stop: AbortSignal,
  send: (event: StreamEvent) => void,
): ((kinds: readonly string[]) => void) => {
  const followed = new Set<string>()
  return kinds => {
    for (const kind of kinds) {
      const counted = countedKinds.get(kind)
      if (counted === undefined || followed.has(kind)) continue
      followed.add(kind)
      followKind(world, counted, namespace, stop, send).catch((error: unknown) => {
        world.log.warn({ kind, error }, 'counts are no longer followed')
      })
    }
  }
}

const followKind = async (
  world: World,
  { replicas, type }: TargetKind,
  namespace: string | undefined,
  stop: AbortSignal,
  send: (event: StreamEvent) => void,
): Promise<void> => {
  const source = { type, ...(namespace === undefined ? {} : { namespace }) }
  const keyOf = ({ metadata: { name, namespace: home = '' } }: StoredObject): string => `${home}/${type.kind}/${name}`
  const changes = debounce<TargetCount>(world.clock, changed => {
    const keys = [...changed].flatMap(([key, count]) => (count === undefined ? [key] : []))
    if (keys.length > 0) send({ type: 'countless', keys })
    const counts = [...changed.values()].filter(count => count !== undefined)
    if (counts.length > 0) send({ type: 'counts', counts })
  })
  stop.addEventListener('abort', () => changes.drop())
  const add = (object: StoredObject): void => {
    const key = keyOf(object)
    const count = replicas?.(object)
    changes.add(key, count && { key, replicas: count.wanted, ready: count.ready })
  }
  // True from the beginning of a list to its first part. Until then, the counts from before are
  // better than none.
  let begins = false
  for await (const change of watchObjects(world, source, stop)) {
    if (change.type === 'list') begins = true
    else if (change.type === 'page') {
      if (begins) {
        changes.drop()
        send({ type: 'recount', kind: type.kind })
      }
      begins = false
      change.objects.forEach(add)
    } else if (change.type === 'listed') changes.flush()
    else if (change.type === 'put') add(change.object)
    else if (change.type === 'remove' || change.type === 'put large') changes.add(keyOf(change.object), undefined)
    else if (change.type === 'cut' && isStatus(change.error, 401, 403)) {
      return send({ type: 'uncounted', kind: type.kind, why: whyOf(change.error) })
    }
  }
}
