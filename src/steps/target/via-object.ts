import { at, tryParseJson } from '../../api/json.ts'
import { parseMark } from '../../api/mark.ts'
import { group } from '../../api/names.ts'
import { isStoredObject, type KubeObject, type StoredObject } from '../../api/object.ts'
import { objectPath } from '../../kube/paths.ts'
import type { CountLimits, CountAt, Ground, TargetProblem } from './target.ts'
import { countsAnnotation, historiesIn, historiesText } from './histories.ts'
import { productManager } from './holds.ts'
import { managersOf } from './managers.ts'
import { versionOf } from './read.ts'

/**
 * The annotation that identifies the newest write of a count. It shows a process whether its own
 * write was stored.
 */
export const markAnnotation = `${group}/step`

/** A list item on the path to a count, identified by its name. */
export interface Item {
  readonly name: string
}

/** The path from an object to its count: names of members, and list items by their names. */
export type Way = readonly (string | Item)[]

/** How an object holds its count. */
export interface Held {
  readonly way: Way
  /** The count of an object without the member. Absent: such an object has no count. */
  readonly absent?: number
  /** A further member that the same write sets. */
  readonly also?: { readonly path: readonly string[]; readonly value: string }
  readonly limits?: (object: StoredObject) => CountLimits
  readonly problem?: (object: StoredObject) => TargetProblem | undefined
}

/**
 * Returns an accessor that writes with a JSON Patch of the object. The patch takes effect only if
 * the object has the same version and uid. The mark is an annotation. An apply would make the
 * product own a whole list item, and its marks would stay in managedFields. A patch never creates a
 * deleted object again.
 */
export const viaObject = ({ absent, also, limits, problem, way }: Held): CountAt => {
  const field = textOfWay(way)
  const read = (object: KubeObject): number | undefined => {
    const place = placeIn(object, way)
    const count = place && (at(place.parent, place.member) ?? absent)
    // A record holds integers alone: with another number in it, it could not be read again.
    return typeof count === 'number' && Number.isSafeInteger(count) ? count : undefined
  }
  /**
   * Returns whether the object has the count after a write. The API server silently drops unknown
   * members, but keeps the mark.
   */
  const hasCount = (object: StoredObject): boolean => {
    const place = placeIn(object, way)
    return place !== undefined && typeof at(place.parent, place.member) === 'number'
  }
  const countAt: CountAt = {
    text: also ? `${field}+${also.path.join('.')}=${also.value}` : field,
    field,
    missing: 'cannot be written',
    needsGround: true,
    isAnswered: true,
    read,
    limits: object => limits?.(object),
    problem: object => problem?.(object),
    ground: object => groundIn(object, way, also?.path ?? []),
    write: ({ name, namespace, type }, mark, { ground, resourceVersion, uid }, to) => {
      if (!ground) throw new TypeError('a patch cannot be made without knowing its version')
      const lastWord = parseMark(mark)?.lastWord
      const history = lastWord && to !== undefined ? { ...lastWord, is: to } : undefined
      const counted =
        to === undefined
          ? []
          : [
              ...countOperations(ground, to, also),
              ...(history ? [setAnnotation(countsAnnotation, historiesText(ground.histories, field, history))] : []),
            ]
      const patch = [
        { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
        { op: 'test', path: '/metadata/uid', value: uid },
        ...(to === undefined ? ground.makes.filter(pointer => pointer === annotations) : ground.makes).map(pointer => ({
          op: 'add',
          path: pointer,
          value: {},
        })),
        ...counted,
        setAnnotation(markAnnotation, mark),
      ]
      return {
        path: objectPath(type, namespace, name),
        query: { fieldManager: productManager },
        contentType: 'application/json-patch+json',
        body: JSON.stringify(patch),
      }
    },
    stored: (answer, mark, _from, to) => {
      const object = tryParseJson(answer)
      if (!isStoredObject(object)) return undefined
      const version = versionOf(countAt, object)
      const isKept = object.metadata.annotations?.[markAnnotation] === mark && (to === undefined || hasCount(object))
      if (version && isKept) return version
      return { reason: 'NotScalable', message: `the API server did not keep ${field}, or the annotation with it` }
    },
    marks: object => {
      const mark = object.metadata.annotations?.[markAnnotation]
      return mark !== undefined && hasCount(object) ? [mark] : []
    },
    lastMark: object => {
      const mark = object.metadata.annotations?.[markAnnotation]
      // Somebody who puts back an old copy of the object brings its mark back too, and owns it.
      return mark?.startsWith(`${productManager}.`) === true && hasCount(object) && isOwnAlone(object, markPath)
        ? mark
        : undefined
    },
    lastWord: object => {
      const mark = object.metadata.annotations?.[markAnnotation] ?? ''
      const { [field]: history } = historiesIn(object) ?? {}
      const written = parseMark(mark)
      // A version that keeps no histories may have written last.
      if (!history || history.is !== read(object) || (written && !written.lastWord)) return undefined
      const { since, word } = history
      return isOwnAlone(object, fieldsOf(way)) ? { since, word } : undefined
    },
    // The mark is unique, because from each version only one fence can be stored. The fence leaves
    // the count as it is, also in an object without a count.
    fence: object => ({ mark: `receiver-hooks.fence.${object.metadata.resourceVersion}`, to: undefined }),
  }
  return countAt
}

const annotations = '/metadata/annotations'

const markPath = ['f:metadata', 'f:annotations', `f:${markAnnotation}`]

/** Returns the path to a count in `fieldsV1`. */
const fieldsOf = (way: Way) => way.map(step => (typeof step === 'string' ? `f:${step}` : step))

/**
 * Returns whether nobody else owns a field. An owner may be missing, for example because the API server
 * tracks a list as a whole.
 */
const isOwnAlone = (object: StoredObject, path: Parameters<typeof managersOf>[1]): boolean =>
  managersOf(object, path).every(manager => manager === productManager)

export const setAnnotation = (name: string, value: string) => ({
  op: 'add',
  path: `${annotations}/${escaped(name)}`,
  value,
})

/** Returns the path as text, such as `spec.machinePools[workers].quantity`. */
const textOfWay = (way: Way): string =>
  way
    .map(step => (typeof step === 'string' ? `.${step}` : `[${step.name}]`))
    .join('')
    .slice(1)

/**
 * Returns the place of the count in an object. Maps on the path may be missing, because a write can
 * create them. Undefined if a list lacks the item.
 */
const placeIn = (
  object: KubeObject,
  way: Way,
):
  | { readonly pointer: string; readonly parent: unknown; readonly member: string; readonly item?: Ground['item'] }
  | undefined => {
  let node: unknown = object
  let pointer = ''
  let item: Ground['item']
  for (const step of way.slice(0, -1)) {
    if (typeof step === 'string') {
      node = at(node, step)
      pointer += `/${escaped(step)}`
      continue
    }
    const index = Array.isArray(node) ? node.findIndex(each => at(each, 'name') === step.name) : -1
    if (!Array.isArray(node) || index === -1) return undefined
    node = node[index]
    pointer += `/${index}`
    item = { pointer: `${pointer}/name`, value: step.name }
  }
  const member = way.at(-1)
  if (typeof member !== 'string') return undefined
  return { pointer: `${pointer}/${escaped(member)}`, parent: node, member, ...(item && { item }) }
}

const groundIn = (object: StoredObject, way: Way, also: readonly string[]): Ground | undefined => {
  const place = placeIn(object, way)
  if (!place) return undefined
  const members = way.every(step => typeof step === 'string')
    ? [way.filter(step => typeof step === 'string'), also]
    : [also]
  const histories = historiesIn(object)
  return {
    count: place.pointer,
    makes: missingParents(object, [...members, ['metadata', 'annotations', markAnnotation]]),
    ...(histories && { histories }),
    ...(place.item && { item: place.item }),
  }
}

/** Returns the pointers to the maps that an object lacks on these paths, outer maps before inner ones. */
export const missingParents = (object: StoredObject, paths: readonly (readonly string[])[]): readonly string[] => {
  const missing = paths.flatMap(path =>
    path.slice(0, -1).flatMap((_, depth) => {
      const parent = path.slice(0, depth + 1)
      return at(object, ...parent) === undefined ? [`/${parent.map(escaped).join('/')}`] : []
    }),
  )
  return [...new Set(missing)]
}

const countOperations = ({ count, item }: Ground, to: number, also: Held['also']): readonly object[] => [
  ...(item ? [{ op: 'test', path: item.pointer, value: item.value }] : []),
  { op: 'add', path: count, value: to },
  ...(also ? [{ op: 'add', path: `/${also.path.map(escaped).join('/')}`, value: also.value }] : []),
]

/** Escapes a member's name for a JSON Pointer (RFC 6901). */
export const escaped = (member: string): string => member.replaceAll('~', '~0').replaceAll('/', '~1')
