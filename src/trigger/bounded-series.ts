import type { Counter, Labels } from '../environment/environment.ts'
import { maxSeries, maxSeriesOfNamespace } from './limits.ts'

/**
 * Returns a counter with at most {@link maxSeries} series, and some more without a namespace. Each
 * takes memory until its hook is deleted, and a scrape writes all of them at once. A post beyond that is
 * counted without the hook and the sender, then without the namespace too. A namespace gets no more than
 * its part, so that it leaves the others their series.
 */
export const boundedSeries = (counter: Counter): Counter => {
  const known = new Map<string, string>()
  const ofNamespace = new Map<string, number>()

  const has = (labels: Labels, most: number): boolean => {
    const key = keyOf(labels)
    if (known.has(key)) return true
    const namespace = String(labels['namespace'])
    const count = ofNamespace.get(namespace) ?? 0
    if (known.size >= maxSeries || count >= most) return false
    known.set(key, namespace)
    ofNamespace.set(namespace, count + 1)
    return true
  }

  const forget = (key: string): void => {
    const namespace = known.get(key)
    if (namespace === undefined || !known.delete(key)) return
    const left = (ofNamespace.get(namespace) ?? 1) - 1
    if (left === 0) ofNamespace.delete(namespace)
    else ofNamespace.set(namespace, left)
  }

  return {
    add: (labels, by) => {
      if (has(labels, maxSeriesOfNamespace)) return counter.add(labels, by)
      const ofNone = without(labels, ['hook', 'sender'])
      if (has(ofNone, maxSeries)) counter.add(ofNone, by)
      else counter.add(without(ofNone, ['namespace']), by)
    },
    forget: which =>
      counter.forget(labels => {
        const isForgotten = which(labels)
        if (isForgotten) forget(keyOf(labels))
        return isForgotten
      }),
  }
}

/** Returns the labels, of which some are empty. A label that is absent stays so. */
const without = (labels: Labels, names: readonly string[]): Labels =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, names.includes(name) ? '' : value]))

const keyOf = (labels: Partial<Labels>): string =>
  JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))
