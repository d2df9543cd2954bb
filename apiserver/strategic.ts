import { at, isObject, listAt, type JsonObject } from '../src/api/json.ts'
import { equal } from './members.ts'

/** The lists in Kubernetes' own types that are merged by a key. All other lists are replaced. */
const mergeKeys: Readonly<Record<string, readonly string[]>> = {
  conditions: ['type'],
  containers: ['name'],
  env: ['name'],
  ephemeralContainers: ['name'],
  hostAliases: ['ip'],
  imagePullSecrets: ['name'],
  initContainers: ['name'],
  ownerReferences: ['uid'],
  // The ports of a container have the first key, those of a Service the second.
  ports: ['containerPort', 'port'],
  secrets: ['name'],
  topologySpreadConstraints: ['topologyKey'],
  volumeDevices: ['devicePath'],
  volumeMounts: ['mountPath'],
  volumes: ['name'],
}

/**
 * The lists of plain values to which a patch adds its values. It replaces all other lists of plain
 * values.
 */
const mergedSets = new Set(['finalizers'])

const directive = (name: string): boolean => name.startsWith('$')

/**
 * Applies Kubernetes' strategic merge patch, as far as kubectl's apply, edit, set, label and scale
 * use it: `null` removes, keyed lists merge, `$patch: delete` and `replace`,
 * `$deleteFromPrimitiveList`, `$retainKeys`; `$setElementOrder` only sorts.
 */
export const strategicMerge = (target: unknown, patch: JsonObject): JsonObject => {
  if (patch['$patch'] === 'replace') return withoutDirectives(patch)
  const base = isObject(target) ? target : {}
  const retained = listAt(patch, '$retainKeys')
  const merged: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(base)) {
    if (retained.length === 0 || retained.includes(name)) merged[name] = value
  }
  for (const [name, value] of Object.entries(patch)) {
    const deletedFrom = /^\$deleteFromPrimitiveList\/(.*)$/.exec(name)?.[1]
    if (deletedFrom !== undefined) {
      merged[deletedFrom] = listAt(merged, deletedFrom).filter(entry => !listAt(patch, name).includes(entry))
    }
    if (directive(name)) continue
    if (value === null || at(value, '$patch') === 'delete') delete merged[name]
    else if (Array.isArray(value))
      merged[name] = mergeList(name, merged[name], value, listAt(patch, `$setElementOrder/${name}`))
    else merged[name] = isObject(value) ? strategicMerge(merged[name], value) : value
  }
  return merged
}

const withoutDirectives = (patch: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(patch).filter(([name, value]) => !directive(name) && value !== null))

const mergeList = (
  name: string,
  target: unknown,
  patch: readonly unknown[],
  order: readonly unknown[],
): readonly unknown[] => {
  const base: readonly unknown[] = Array.isArray(target) ? target : []
  if (mergedSets.has(name)) return [...new Set([...base, ...patch])]
  const key = mergeKeys[name]?.find(candidate => [...patch, ...base].some(entry => at(entry, candidate) !== undefined))
  if (key === undefined || patch.some(entry => at(entry, '$patch') === 'replace')) {
    return patch.filter(entry => at(entry, '$patch') === undefined)
  }
  return sorted(mergeEntries(key, base, patch), key, order)
}

const mergeEntries = (key: string, base: readonly unknown[], patch: readonly unknown[]): unknown[] => {
  const merged = [...base]
  for (const entry of patch) {
    if (!isObject(entry)) continue
    const index = merged.findIndex(existing => equal(at(existing, key), entry[key]))
    if (entry['$patch'] === 'delete') {
      if (index >= 0) merged.splice(index, 1)
    } else if (index >= 0) merged[index] = strategicMerge(merged[index], entry)
    else merged.push(strategicMerge({}, entry))
  }
  return merged
}

/**
 * Sorts entries in the order that the patch gives. Entries that the patch does not name follow at
 * the end.
 */
const sorted = (entries: readonly unknown[], key: string, order: readonly unknown[]): readonly unknown[] => {
  if (order.length === 0) return entries
  const rank = (entry: unknown): number => {
    const index = order.findIndex(named => equal(at(named, key), at(entry, key)))
    return index < 0 ? order.length : index
  }
  return entries.toSorted((a, b) => rank(a) - rank(b))
}
