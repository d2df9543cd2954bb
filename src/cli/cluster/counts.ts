import type { ReceiverHook } from '../../api/hook.ts'
import type { TargetPart } from '../../drivers/driver.ts'
import { drivers } from '../../drivers/registry.ts'
import { objectPath } from '../../kube/paths.ts'
import { send } from '../../kube/requests.ts'
import type { Cluster } from './cluster.ts'

/** The largest number of targets that are read for one table. */
const maxTargets = 100

/** The time limit for reading a target, in milliseconds. */
const withinMs = 5_000

/**
 * Returns how many replicas the spec of a hook's target asks for, or undefined if that is unknown.
 */
export type CountOf = (hook: ReceiverHook) => number | undefined

/**
 * Reads the targets of the hooks, each once, and at most {@link maxTargets}. The count of a target
 * that cannot be read is unknown.
 */
export const readCounts = async ({ api }: Pick<Cluster, 'api'>, hooks: readonly ReceiverHook[]): Promise<CountOf> => {
  const targets = new Map<string, () => Promise<number | undefined>>()
  for (const hook of hooks) {
    const target = targetOf(hook)
    if (target === undefined || targets.size >= maxTargets) continue
    const { kind, name, part } = target
    targets.set(countKey(hook), async () => {
      const path = objectPath(kind.type, hook.metadata.namespace, name)
      const object = await send(api, { method: 'GET', path, timeoutMs: withinMs })
      if (part === '') return kind.replicas?.(object)?.wanted
      return kind.parts?.(object).find(({ more }) => partInWords(more) === part)?.wanted
    })
  }
  const counts = new Map<string, number | undefined>()
  await Promise.all([...targets].map(async ([key, read]) => void counts.set(key, await read().catch(() => undefined))))
  return hook => counts.get(countKey(hook))
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
