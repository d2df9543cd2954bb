import { at, stringAt } from '../../../src/api/json.ts'
import type { StoredObject } from '../../../src/api/object.ts'
import { recordPlural } from '../../../src/api/record.ts'
import { markAnnotation } from '../../../src/steps/target/via-object.ts'
import { isMark } from '../../support/marks.ts'
import { isPage, rowsIn, type RecordRow } from '../rows.ts'
import { namesOfHolds, night } from '../world/held.ts'
import { listIn, type Timeline } from './timeline.ts'

/** The fields of the Deployment that hooks hold. */
export const heldFields = ['replicas', 'paused'] as const
export type HeldFieldName = (typeof heldFields)[number]

export type Value = number | boolean | undefined

/** What a version has in a field, and which managers besides the product own that. */
export interface FieldVersion {
  readonly value: Value
  readonly others: readonly string[]
}

/** A version of the Deployment. */
export interface HeldVersion {
  readonly place: number
  readonly version: string
  readonly uid: string
  readonly deleted: boolean
  /** How the product wrote it. Undefined: somebody else did. */
  readonly by: 'patch' | 'scale' | undefined
  /** The mark of the product's write. */
  readonly mark: string
  readonly fields: Readonly<Record<HeldFieldName, FieldVersion>>
}

const ownersIn = ({ metadata }: StoredObject, name: HeldFieldName): readonly string[] =>
  (metadata.managedFields ?? [])
    .filter(entry => at(entry, 'fieldsV1', 'f:spec', `f:${name}`) !== undefined)
    .map(entry => stringAt(entry, 'manager') ?? '')

const fieldIn = (object: StoredObject, name: HeldFieldName): FieldVersion => {
  const value = at(object, 'spec', name)
  return {
    value: typeof value === 'number' || typeof value === 'boolean' ? value : undefined,
    others: ownersIn(object, name).filter(owner => !owner.startsWith('receiver-hooks')),
  }
}

/** All versions of the Deployment, in order. */
export const heldVersions = ({ happened }: Timeline): readonly HeldVersion[] => {
  const versions: HeldVersion[] = []
  let writtenWith = { patch: '', scale: '' }
  for (const [place, entry] of happened.entries()) {
    if (entry.what === 'stored' && entry.resource === 'deployments' && entry.object.metadata.name === night) {
      const { deleted, object } = entry
      const { annotations, resourceVersion: version, uid } = object.metadata
      const fields = { replicas: fieldIn(object, 'replicas'), paused: fieldIn(object, 'paused') }
      const marks = {
        patch: annotations?.[markAnnotation] ?? '',
        scale: ownersIn(object, 'replicas').find(isMark) ?? '',
      }
      versions.push({ place, version, uid, deleted, by: undefined, mark: '', fields })
      writtenWith = marks
    }
    const way =
      entry.what === 'written' && entry.changed ? new RegExp(`/deployments/${night}(/scale)?$`).exec(entry.asked) : null
    // It was stored at this very moment.
    const last = way ? versions.pop() : undefined
    const by = way?.[1] === undefined ? 'patch' : 'scale'
    if (last) versions.push({ ...last, by, mark: writtenWith[by] })
  }
  return versions
}

/** A step that a record has claimed for a write, and the hook. */
export interface ClaimedHold {
  readonly hook: string
  readonly row: RecordRow & { readonly claim: NonNullable<RecordRow['claim']> }
}

/** What the records of these hooks say of their writes, by mark; and the hooks of which a step was decided without a write. */
export const claimedHolds = ({ happened, hooks }: Timeline) => {
  const uids = new Set(namesOfHolds.flatMap(name => (hooks.get(name) ?? []).map(({ uid }) => uid)))
  const claims = new Map<string, readonly ClaimedHold[]>()
  const seen = new Set<string>()
  const cancelled = new Set<string>()
  for (const entry of happened) {
    const object =
      entry.what === 'let go' || (entry.what === 'stored' && entry.resource === recordPlural) ? entry.object : undefined
    const hook = object?.metadata.ownerReferences?.[0]?.uid ?? ''
    if (!object || !uids.has(hook) || isPage(object)) continue
    const found = new Map<string, ClaimedHold[]>()
    for (const row of rowsIn(object['content'])) {
      const name = `${hook} ${row.key} ${row.at}`
      if (row.claim) listIn(found, row.claim.mark).push({ hook, row: { ...row, claim: row.claim } })
      else if (row.from !== undefined && row.from !== row.to && !seen.has(name)) cancelled.add(hook)
      if (row.claim) seen.add(name)
    }
    for (const [mark, rows] of found) claims.set(mark, rows)
  }
  return { claims, cancelled }
}
