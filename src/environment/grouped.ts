/**
 * Groups items by a key, in the order in which they come. Node 20, on which the command line runs, does
 * not have `Map.groupBy`.
 */
export const groupedBy = <K, T>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> => {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}
