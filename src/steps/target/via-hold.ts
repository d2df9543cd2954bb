import { tryParseJson } from '../../api/json.ts'
import { lastWordAfter, parseMark, type LastWord } from '../../api/mark.ts'
import { isStoredObject, type StoredObject } from '../../api/object.ts'
import { objectPath, type ResourceType } from '../../kube/paths.ts'
import { countsAnnotation, historiesIn, historiesText } from './histories.ts'
import { heldKinds, type HeldKind } from './held-kinds.ts'
import {
  base,
  heldNow,
  holdOf,
  holdsAnnotation,
  holdsIn,
  heldName,
  productManager,
  valueIn,
  valueNamed,
  type After,
  type Before,
  type HeldField,
  type Hold,
} from './holds.ts'
import { versionOf } from './read.ts'
import type { CountAt, From, HeldGround } from './target.ts'
import { setAnnotation, escaped, markAnnotation, missingParents } from './via-object.ts'
import { viaScale } from './via-scale.ts'

/**
 * Returns the accessor of how many hold a field at a value. That is a count like any other, so it is
 * leased, taken back and proved like one. The patch that writes it also sets the field.
 */
export const viaHold = ({ field, problem }: Pick<HeldKind, 'field' | 'problem'>, value: string): CountAt => {
  const name = heldName(field)
  const countIn = (object: StoredObject): number => holdOf(object, field)?.n[value] ?? 0
  const beforeIn = (object: StoredObject): Before => ({
    hold: holdOf(object, field),
    now: valueIn(object, field),
    word: field.isCount ? wordIn(object) : undefined,
  })
  /** Returns the field after the number of holders of the value has become `to`. */
  const afterWrite = ({ ground, resourceVersion }: From, mark: string, to: number) => {
    const before = ground?.held ?? { hold: undefined, now: undefined, word: undefined, holds: {} }
    const { [value]: _, ...others } = before.hold?.n ?? {}
    const n: Hold['n'] = to === 0 ? others : { ...others, [value]: to }
    const after = heldNow(field, before, n, parseMark(mark)?.lastWord?.since ?? resourceVersion)
    return { before, after: after ?? { value: before.now, hold: undefined } }
  }
  const countAt: CountAt = {
    text: `${name}=${value}`,
    field: `${name}=${value}`,
    missing: 'cannot be held',
    needsGround: true,
    isAnswered: true,
    read: object => (isStoredObject(object) ? countIn(object) : undefined),
    limits: object => {
      const before = beforeIn(object)
      const count = countIn(object)
      const more = heldNow(field, before, { ...before.hold?.n, [value]: count + 1 }, object.metadata.resourceVersion)
      return { min: 0, max: more ? Infinity : count }
    },
    problem: object => problem?.(object),
    ground: object => ({
      count: pointerTo(field.path),
      makes: missingParents(object, [field.path, ['metadata', 'annotations', markAnnotation]]),
      histories: historiesIn(object) ?? {},
      held: { ...beforeIn(object), holds: holdsIn(object) },
    }),
    write: ({ name: object, namespace, type }, mark, from, to) => {
      const { ground, resourceVersion, uid } = from
      if (!ground) throw new TypeError('a patch cannot be made without knowing its version')
      const makes = to === undefined ? ground.makes.filter(made => made === '/metadata/annotations') : ground.makes
      const held = to === undefined ? [] : heldOperations(field, afterWrite(from, mark, to), from)
      const patch = [
        { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
        { op: 'test', path: '/metadata/uid', value: uid },
        ...makes.map(path => ({ op: 'add', path, value: {} })),
        ...held,
        setAnnotation(markAnnotation, mark),
      ]
      return {
        path: objectPath(type, namespace, object),
        // A field that the kind does not have is refused, and not dropped.
        query: { fieldManager: productManager, fieldValidation: 'Strict' },
        contentType: 'application/json-patch+json',
        body: JSON.stringify(patch),
      }
    },
    stored: (answer, mark, from, to) => {
      const object = tryParseJson(answer)
      if (!isStoredObject(object)) return undefined
      const version = versionOf(countAt, object)
      const written = to === undefined ? undefined : afterWrite(from, mark, to).after.hold
      const isKept = written === undefined || countIn(object) === (written.n[value] ?? 0)
      if (version && object.metadata.annotations?.[markAnnotation] === mark && isKept) return version
      return { reason: 'NotScalable', message: `the API server did not keep ${name}, or the annotation with it` }
    },
    marks: object => {
      const mark = object.metadata.annotations?.[markAnnotation]
      return mark === undefined ? [] : [mark]
    },
    lastMark: object => object.metadata.annotations?.[markAnnotation],
    lastWord: object => {
      const hold = holdOf(object, field)
      return hold && { since: hold.since, word: 0 }
    },
    fence: object => ({ mark: `receiver-hooks.fence.${object.metadata.resourceVersion}`, to: undefined }),
  }
  return countAt
}

const pointerTo = (path: readonly string[]): string => path.map(member => `/${escaped(member)}`).join('')

/** Returns what a mark on the count of an object would say now. */
const wordIn = (object: StoredObject): LastWord => {
  const lastWord = viaScale.lastWord(object)
  const { resourceVersion } = object.metadata
  return lastWordAfter({ count: viaScale.read(object) ?? 0, resourceVersion, ...(lastWord && { lastWord }) })
}

/** Returns the operations that set a held field, and the annotations that say why. */
const heldOperations = (
  field: HeldField,
  { after, before }: { readonly before: HeldGround; readonly after: After },
  { ground }: From,
): readonly object[] => {
  const name = heldName(field)
  const path = pointerTo(field.path)
  const { [name]: _, ...others } = before.holds
  const { hold, now } = before
  // What steps have made of the count goes on to count as theirs, although a patch has put it back.
  const carried = hold?.at !== undefined && after.hold?.at === undefined ? hold.word : undefined
  return [
    ...(after.value === now
      ? []
      : [after.value === undefined ? { op: 'remove', path } : { op: 'add', path, value: after.value }]),
    setAnnotation(holdsAnnotation, JSON.stringify({ ...others, ...(after.hold && { [name]: after.hold }) })),
    ...(carried
      ? [
          setAnnotation(
            countsAnnotation,
            historiesText(ground?.histories, name, { ...carried, is: Number(after.value) }),
          ),
        ]
      : []),
  ]
}

/** Returns the accessor of a hold whose name a claim has stored. Undefined if the kind has no such field or value. */
export const holdNamed = (isOfKind: (type: ResourceType) => boolean, text: string): CountAt | undefined => {
  const [name = '', value = ''] = text.split('=', 2)
  const known = heldKinds.find(({ field, type }) => isOfKind(type) && heldName(field) === name)
  if (!known) return undefined
  const isNumber = known.field.on === undefined
  const isValue = valueNamed(known.field, value) !== undefined || (isNumber && value === base)
  return isValue ? viaHold(known, value) : undefined
}
