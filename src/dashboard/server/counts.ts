import type { StoredObject } from '../../api/object.ts'
import { drivers } from '../../drivers/registry.ts'
import type { TargetKind } from '../../drivers/driver.ts'
import type { Environment } from '../../environment/environment.ts'
import { redacted } from '../../environment/redact.ts'
import { WatchRefused } from '../../environment/unreachable.ts'
import { wait } from '../../environment/wait.ts'
import { ApiError } from '../../kube/errors.ts'
import { listAll } from '../../kube/list.ts'
import { openWatch } from '../../kube/watch.ts'
import type { StreamEvent, TargetCount } from '../protocol.ts'
import { debounce } from './debounce.ts'

type World = Pick<Environment, 'api' | 'clock' | 'log' | 'random'>

/** How long to wait after a list or a watch has failed, in milliseconds. */
const againMs = 2_000

/** The kinds that drivers act on and that have a count, by kind. */
const countedKinds: ReadonlyMap<string, TargetKind> = new Map(
  drivers.flatMap(driver => driver.targets).flatMap(target => (target.replicas ? [[target.type.kind, target]] : [])),
)

/** Tells the counts of the kinds that hooks aim at, and only of those. */
export interface Counts {
  /** Hooks that aim at these kinds are shown. */
  see(kinds: readonly string[]): void
}

/** Follows a kind from the first hook that aims at it on, until `stop` is aborted. `send` gets changes of 100 ms. */
export const followCounts = (
  world: World,
  namespace: string | undefined,
  stop: AbortSignal,
  send: (event: StreamEvent) => void,
): Counts => {
  const followed = new Set<string>()
  return {
    see: kinds => {
      for (const kind of kinds) {
        const counted = countedKinds.get(kind)
        if (counted === undefined || followed.has(kind)) continue
        followed.add(kind)
        followKind(world, counted, namespace, stop, send).catch((error: unknown) => {
          world.log.warn({ kind, error }, 'counts are no longer followed')
        })
      }
    },
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
  const countOf = (object: StoredObject): TargetCount | undefined => {
    const count = replicas?.(object)
    const { name, namespace: home = '' } = object.metadata
    return count && { key: `${home}/${type.kind}/${name}`, replicas: count.wanted, ready: count.ready }
  }
  const changes = debounce<TargetCount>(world.clock, changed => {
    const counts = [...changed.values()].filter(count => count !== undefined)
    if (counts.length > 0) send({ type: 'counts', counts })
  })
  stop.addEventListener('abort', () => changes.drop())
  const add = (object: StoredObject): void => {
    const count = countOf(object)
    if (count) changes.add(count.key, count)
  }
  let version: string | undefined
  while (!stop.aborted) {
    try {
      version ??= await listAll(
        world,
        source,
        { list: () => ({ add, addLarge: () => {}, done: () => changes.flush() }) },
        stop,
      )
      for await (const event of openWatch(world, source, version, stop).events) {
        version = event.version
        if (event.type === 'put') add(event.object)
      }
    } catch (error) {
      if (stop.aborted) return
      const status = error instanceof WatchRefused || error instanceof ApiError ? error.status : 0
      if (status === 401 || status === 403) {
        const why = redacted(error instanceof Error ? error.message : String(error))
        return send({ type: 'uncounted', kind: type.kind, why })
      }
      if (status === 410) version = undefined
      await wait(world.clock, againMs, stop)
    }
  }
}
