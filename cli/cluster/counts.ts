import type { ReceiverHook } from '../../src/api/hook.ts'
import type { TargetPart } from '../../src/drivers/driver.ts'
import { drivers } from '../../src/drivers/registry.ts'
import type { Clock } from '../../src/environment/environment.ts'
import { groupedBy } from '../../src/environment/grouped.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import type { Cluster } from './cluster.ts'

/** The largest number of targets that are read for one table. */
const maxTargets = 100

/** The time limit for reading a target, in milliseconds. */
const withinMs = 5_000

/**
 * Returns how many replicas the spec of a hook's target asks for, or undefined if that is unknown.
 */
export type CountOf = (hook: ReceiverHook) => number | undefined

/** How long a count is good for if its hook has not changed since, in milliseconds. */
const goodForMs = 10_000

interface KnownCount {
  readonly count: number | undefined
  readonly at: number
  /** The versions of the hooks for which it was read. */
  readonly of: string
}

/**
 * Returns what reads the targets of hooks, each once, and at most {@link maxTargets}. When it is called again, it
 * reads those of hooks that have changed, and others after a while. The count of a target that cannot be read is unknown.
 */
export const countReader = (
  { api }: Pick<Cluster, 'api'>,
  clock: Clock,
): ((hooks: readonly ReceiverHook[]) => Promise<CountOf>) => {
  let known: ReadonlyMap<string, KnownCount> = new Map()
  return async hooks => {
    const now = clock.monotonic()
    const read = async (key: string, users: readonly ReceiverHook[]): Promise<KnownCount> => {
      const of = users.map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`).join()
      const before = known.get(key)
      if (before?.of === of && now - before.at < goodForMs) return before
      const [hook] = users
      return { of, at: now, count: hook && (await countOf(api, hook).catch(() => undefined)) }
    }
    const byTarget = groupedBy(
      hooks.filter(hook => targetOf(hook) !== undefined),
      countKey,
    )
    const wanted = [...byTarget].slice(0, maxTargets)
    known = new Map(await Promise.all(wanted.map(async ([key, users]) => [key, await read(key, users)] as const)))
    const found = known
    return hook => found.get(countKey(hook))?.count
  }
}

/** Reads how many replicas the spec of a hook's target asks for. */
const countOf = async (api: Cluster['api'], hook: ReceiverHook): Promise<number | undefined> => {
  const target = targetOf(hook)
  if (target === undefined) return undefined
  const { kind, name, part } = target
  const path = objectPath(kind.type, hook.metadata.namespace, name)
  const object = await send(api, { method: 'GET', path, timeoutMs: withinMs })
  if (part === '') return kind.replicas?.(object)?.wanted
  return kind.parts?.(object).find(({ more }) => partInWords(more) === part)?.wanted
}

const countKey = ({ metadata, spec, status }: ReceiverHook): string =>
  `${spec.driver}/${metadata.namespace}/${status?.target ?? ''}`

/**
 * Returns the kind, the name and the part of a hook's target, or undefined if the driver cannot count the
 * replicas of that kind. `status.target` is `Kind/name`, and then what names the part, such as
 * `count max`.
 */
const targetOf = ({ spec, status }: ReceiverHook) => {
  const [, kindName, name, part = ''] = /^([^/]+)\/(\S+)(?: (.+))?$/.exec(status?.target ?? '') ?? []
  const kind = drivers
    .find(driver => driver.name === spec.driver)
    ?.targets.find(({ parts, replicas, type }) => type.kind === kindName && (part === '' ? replicas : parts))
  return kind === undefined || name === undefined ? undefined : { kind, name, part }
}

const partInWords = (more: TargetPart['more']): string =>
  Object.entries(more)
    .map(([member, value]) => `${member} ${value}`)
    .join(' ')
