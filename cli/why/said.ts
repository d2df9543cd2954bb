import type { ReceiverHook } from '../../src/api/hook.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { parseContent, type StoredMemory } from '../../src/api/record.ts'
import { leasesLabel } from '../../src/api/names.ts'
import { parseTime } from '../../src/environment/time.ts'
import { isStatus } from '../../src/kube/errors.ts'
import { read } from '../../src/kube/requests.ts'
import { records } from '../../src/kube/resources.ts'
import { MemoryDraft } from '../../src/record/draft.ts'
import { memoryOf } from '../../src/record/memory.ts'
import { isSameCount, type CountName } from '../../src/record/count-name.ts'
import { addToPart, allParts, endOf } from '../../src/record/parts.ts'
import { findEvidence } from '../../src/steps/target/evidence.ts'
import type { Target } from '../../src/steps/target/target.ts'
import { targetText } from '../../src/steps/target/text.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { listObjects, interactiveTimeoutMs } from '../cluster/hooks.ts'
import type { HookClaim, HookPart } from './account.ts'

interface UnknownStep {
  readonly hook: string
  readonly at: number
}

/** What hooks say about a count: in their records, or in their statuses for a person who may not read records. */
export interface Said {
  readonly by: 'records' | 'statuses'
  readonly parts: readonly HookPart[]
  readonly claims: readonly HookClaim[]
  /** Deliveries of which nobody can know any more whether they have changed their count. */
  readonly unknown: readonly UnknownStep[]
  /** Hooks whose records this program cannot read. */
  readonly unread: readonly string[]
}

/** The memories of hooks, by the hooks' names. `newer`: another version wrote it, and this one cannot read it. */
export type Memories = ReadonlyMap<string, StoredMemory | 'newer'>

/**
 * Reads the records of the hooks that lease something, and of the hooks in `aimed`. Undefined if this
 * user may not read records. Throws the API server's other errors.
 */
export const readMemories = async (
  cluster: Pick<Cluster, 'api' | 'namespace'>,
  aimed: readonly ReceiverHook[],
): Promise<Memories | undefined> => {
  const { api, namespace } = cluster
  const memories = new Map<string, StoredMemory | 'newer'>()
  const add = (object: StoredObject): void => {
    const content = parseContent(object['content'])
    if (content.content !== 'unreadable') {
      memories.set(object.metadata.name, content.content === 'newer' ? 'newer' : content.memory)
    }
  }
  try {
    for (const object of await listObjects(cluster, records, namespace, { labelSelector: leasesLabel })) add(object)
    for (const { metadata } of aimed) {
      if (memories.has(metadata.name)) continue
      const object = await read(api, records, namespace, metadata.name, { timeoutMs: interactiveTimeoutMs })
      if (object) add(object)
    }
  } catch (error) {
    if (isStatus(error, 403)) return undefined
    throw error
  }
  return memories
}

/**
 * Returns what records say about the count of `target`, in the object `uid`. Of a claim whose outcome is
 * not noted yet, it asks the API server's history. Throws the API server's errors.
 */
export const saidByRecords = async (
  { api }: Pick<Cluster, 'api'>,
  memories: Memories,
  found: readonly ReceiverHook[],
  aimed: readonly ReceiverHook[],
  target: Target,
  uid: string,
): Promise<Said> => {
  const name = { target: targetText(target), uid }
  const isAimed = (hook: string): boolean => aimed.some(({ metadata }) => metadata.name === hook)
  const endBefore = new Map(found.map(({ metadata, spec }) => [metadata.name, parseTime(spec.endBefore ?? '')]))
  const said = {
    parts: [] as HookPart[],
    claims: [] as HookClaim[],
    unknown: [] as UnknownStep[],
    unread: [] as string[],
  }
  for (const [hook, memory] of memories) {
    if (memory === 'newer') {
      if (isAimed(hook)) said.unread.push(hook)
      continue
    }
    const draft = new MemoryDraft(memoryOf(memory))
    for (const row of draft.claims().filter(({ claim }) => isSameCount(claim, name))) {
      const { before, mark, version } = row.claim
      const { evidence } = await findEvidence(api, target, { mark, before, from: { uid, resourceVersion: version } })
      if (evidence === 'applied') addToPart(draft, row)
      else if (evidence !== 'never') {
        said.claims.push({ hook, by: row.to - row.from, at: row.at, version, isPending: evidence === 'not yet' })
      }
    }
    said.parts.push(...partsIn(draft.fields, hook, name, endBefore.get(hook)))
    // Such a row does not say which count it is about.
    if (isAimed(hook))
      said.unknown.push(...memory.rows.flatMap(({ at, state }) => (state === 'unknown' ? [{ hook, at }] : [])))
  }
  return { by: 'records', ...said }
}

/** How late a lease may end before it is called overdue, in milliseconds. */
const lateMs = 60_000

const partsIn = (
  fields: MemoryDraft['fields'],
  hook: string,
  name: CountName,
  endBefore: number | undefined,
): readonly HookPart[] => {
  const { overdue } = fields
  return allParts(fields)
    .filter(({ count }) => isSameCount(count, name))
    .map(({ part }): HookPart => {
      const { at: decided, delta, held, of, since, until } = part
      const end = endOf(part, Number.isNaN(endBefore) ? undefined : endBefore)
      const isOverdue = overdue !== undefined && end <= overdue.at + lateMs
      const state = held === true ? ('held' as const) : isOverdue ? ('overdue' as const) : undefined
      return {
        hook,
        by: delta,
        at: decided,
        ...(until !== undefined && { until: end }),
        of,
        since,
        state,
        ...(state === 'overdue' && { why: overdue?.why }),
      }
    })
}

/** Returns what statuses say about a count. They show no more than 20 parts of a hook, and no claims. */
export const saidByStatuses = (found: readonly ReceiverHook[], shownAs: string): Said => ({
  by: 'statuses',
  parts: found.flatMap(({ metadata, status }) =>
    (status?.leases?.shown ?? [])
      .filter(({ object }) => object === shownAs)
      .map(({ by, of, since, state, until }): HookPart => ({
        hook: metadata.name,
        by,
        at: parseTime(since),
        until: parseTime(until),
        of,
        state: state === 'open' ? undefined : state,
      })),
  ),
  claims: [],
  unknown: [],
  unread: [],
})
