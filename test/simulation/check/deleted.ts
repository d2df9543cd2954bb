import { at } from '../../../src/api/json.ts'
import { leasesFinalizer } from '../../../src/api/names.ts'
import type { StoredObject } from '../../../src/api/object.ts'
import type { Violation } from '../happened.ts'
import { rowsIn } from '../rows.ts'
import type { HookVersion, Story, Timeline } from './timeline.ts'

/** All versions of the hook with this uid. */
const versionsOf = ({ hooks }: Timeline, uid: string): readonly HookVersion[] =>
  [...hooks.values()].flat().filter(version => version.uid === uid)

const saysEnd = ({ object }: HookVersion): boolean => at(object, 'spec', 'onDelete') === 'end'

/** Where a hook was deleted; Infinity if it was not. */
export const deletedAt = (timeline: Timeline, uid: string): number =>
  versionsOf(timeline, uid).find(({ deleted }) => deleted)?.place ?? Infinity

/** Whether what a hook leases may end with it. */
export const mayEndWithHook = (timeline: Timeline, uid: string): boolean => versionsOf(timeline, uid).some(saysEnd)

/** Whether it must: nobody has ever said otherwise. */
export const mustEndWithHook = (timeline: Timeline, uid: string): boolean => versionsOf(timeline, uid).every(saysEnd)

/** The record of a name at a place, regardless of which hook owns it. */
const recordAt = ({ happened }: Timeline, name: string, place: number): StoredObject | undefined => {
  const entry = happened
    .slice(0, place + 1)
    .findLast(
      each => each.what === 'stored' && each.resource === 'receiverhookrecords' && each.object.metadata.name === name,
    )
  return entry?.what === 'stored' && !entry.deleted ? entry.object : undefined
}

/** Whether something in a record may not end for long: bounds keep it back, or a write is unknown. */
const mayStay = (record: StoredObject): boolean =>
  String(record['content']).includes('"held":true') ||
  rowsIn(record['content']).some(({ claim }) => claim !== undefined)

const isKept = ({ metadata }: StoredObject): boolean => metadata.finalizers?.includes(leasesFinalizer) === true

/**
 * Whether a post could not be answered because what an earlier hook has leased may not end for long. The post may be to another
 * hook: it waits for its target behind one to the new hook of that name.
 */
export const isBehindEarlier = (timeline: Timeline, { answer, arrived, ended }: Story): boolean => {
  const [, name = ''] =
    /^the leases of an earlier hook (\S+) are ending/.exec(String(at(answer, 'body', 'message'))) ?? []
  // It may have ended while the post waited.
  return [arrived, ended].some(place => {
    const record = recordAt(timeline, name, place)
    const owner = record?.metadata.ownerReferences?.[0]?.uid ?? ''
    return record !== undefined && isKept(record) && deletedAt(timeline, owner) <= place && mayStay(record)
  })
}

/** A record that was deleted and stays for ever. */
export const checkDeleted = (timeline: Timeline): readonly Violation[] => {
  const names = [...timeline.hooks.keys()]
  const records = names.flatMap(name => recordAt(timeline, name, timeline.happened.length) ?? [])
  return records
    .filter(record => record.metadata.deletionTimestamp !== undefined && !mayStay(record))
    .map(({ metadata: { name } }) => ({ promise: '11', why: `the record of ${name} was deleted, and is still there` }))
}
