import { at, stringAt, tryParseJson } from '../../api/json.ts'
import { parseMark, type LastWord } from '../../api/mark.ts'
import { isStoredObject, type KubeObject, type StoredObject } from '../../api/object.ts'
import { historiesIn } from './histories.ts'
import { holdOf, productManager, type Hold } from './holds.ts'
import { managersOf } from './managers.ts'
import { objectPath } from '../../kube/paths.ts'
import type { CountAt } from './target.ts'

/**
 * The maximum number of fences on a target. Each is an entry in its managedFields until the count
 * changes.
 */
const maxFences = 8

const fences: readonly string[] = Array.from({ length: maxFences }, (_, i) => `receiver-hooks.fence.${i + 1}`)

export const heldCount = (object: KubeObject): Hold | undefined =>
  isStoredObject(object) ? holdOf(object, { path: ['spec', 'replicas'] }) : undefined

/** Returns what somebody else has last said about a count that a hold has put back. */
const wordAfterHold = (object: StoredObject): LastWord | undefined => {
  const { [viaScale.field]: history } = historiesIn(object) ?? {}
  return history && history.is === viaScale.read(object) ? { since: history.since, word: history.word } : undefined
}

/**
 * The accessor that writes with a forced server-side apply on the target's /scale. The mark is the
 * field manager of the apply. The marks of all writes of one count stay until the count changes.
 */
export const viaScale: CountAt = {
  text: 'scale',
  field: 'spec.replicas',
  missing: 'has no /scale',
  needsGround: false,
  isAnswered: false,
  read: object => {
    const count = at(object, 'spec', 'replicas') ?? 0
    return typeof count === 'number' ? count : undefined
  },
  // What is held is no step's to change.
  limits: object => {
    const count = viaScale.read(object)
    return count !== undefined && heldCount(object)?.at !== undefined ? { min: count, max: count } : undefined
  },
  ground: () => undefined,
  problem: () => undefined,
  write: ({ name, namespace, type }, mark, { resourceVersion, uid }, to) => ({
    path: objectPath(type, namespace, name, 'scale'),
    query: { fieldManager: mark, force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: JSON.stringify({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name, namespace, uid, resourceVersion },
      spec: { replicas: to },
    }),
  }),
  stored: (answer, mark, { uid }, to) => {
    const scale = tryParseJson(answer)
    const resourceVersion = stringAt(scale, 'metadata', 'resourceVersion')
    if (resourceVersion === undefined || to === undefined) return undefined
    // A policy may have stored another count. A Scale says nothing of a count of 0.
    const answered = at(scale, 'spec') === undefined ? to : (at(scale, 'spec', 'replicas') ?? 0)
    const count = typeof answered === 'number' ? answered : to
    const parsed = parseMark(mark)
    return { uid, resourceVersion, count, mark: parsed && mark, lastWord: parsed?.lastWord }
  },
  marks: object => managersOf(object, ['f:spec', 'f:replicas']),
  lastMark: object => viaScale.marks(object).find(owner => parseMark(owner) !== undefined),
  lastWord: object => {
    const hold = heldCount(object)
    if (hold?.at !== undefined) return hold.word
    const [owner, ...others] = viaScale.marks(object).filter(name => !fences.includes(name))
    if (owner === undefined || others.length > 0) return undefined
    return owner === productManager ? wordAfterHold(object) : parseMark(owner)?.lastWord
  },
  fence: object => {
    // An absent count may mean another number than 0, so it cannot be written again.
    const to = at(object, 'spec', 'replicas')
    if (typeof to !== 'number') return undefined
    // An apply by a field manager that already owns the count makes no new version.
    const owners = viaScale.marks(object)
    const mark = fences.find(name => !owners.includes(name))
    return mark === undefined ? undefined : { mark, to }
  },
}
