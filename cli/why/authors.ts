import { at, isObject, tryParseJson } from '../../src/api/json.ts'
import { parseMark } from '../../src/api/mark.ts'
import { isStoredObject, type StoredObject } from '../../src/api/object.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { ownersOf, type FieldOwner } from '../../src/steps/target/managers.ts'
import type { CountAt } from '../../src/steps/target/target.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { interactiveTimeoutMs } from '../cluster/hooks.ts'
import type { Subject } from './subject.ts'

/** Returns the owners of a count, the newest first. Hooks are left out. */
export const authorsOf = (object: StoredObject, { field }: Pick<CountAt, 'field'>): readonly FieldOwner[] =>
  ownersOf(object, pathOf(field)).filter(({ manager }) => !isOurs(manager))

/** Returns whether a field manager is a hook's write, or a write that keeps what is there. */
const isOurs = (manager: string): boolean =>
  manager === 'receiver-hooks' || manager.startsWith('receiver-hooks.fence.') || parseMark(manager) !== undefined

/** Returns the path in `fieldsV1` of a field such as `spec.replicas` or `spec.pools[workers].quantity`. */
const pathOf = (field: string) =>
  [...field.matchAll(/\[([^\]]+)\]|([^.[\]]+)/g)].map(([, item, member = '']) =>
    item === undefined ? `f:${member}` : { name: item },
  )

/**
 * Returns who had set a count in an earlier version of its object. Undefined if the API server no
 * longer has that version, or does not show it to this user.
 */
export const authorsAt = async (
  { api, namespace }: Pick<Cluster, 'api' | 'namespace'>,
  { name, type }: Pick<Subject, 'name' | 'type'>,
  count: CountAt,
  resourceVersion: string,
): Promise<readonly FieldOwner[] | undefined> => {
  const response = await api.request({
    method: 'GET',
    path: collectionPath(type, namespace),
    query: { fieldSelector: `metadata.name=${name}`, limit: '1', resourceVersion, resourceVersionMatch: 'Exact' },
    lane: 'bulk',
    timeoutMs: interactiveTimeoutMs,
  })
  if (response.status !== 200) return undefined
  const list = tryParseJson(response.body)
  const items = isObject(list) ? at(list, 'items') : undefined
  const object: unknown = Array.isArray(items) ? items[0] : undefined
  return isStoredObject(object) ? authorsOf(object, count) : undefined
}
