import type { Clock, Counter, Labels } from '../environment/environment.ts'
import { Tally } from '../environment/shares.ts'
import type { Hooks } from './hooks.ts'
import { maxSeries, maxSeriesOfNamespace } from './limits.ts'

/** How often the metric series are checked for deleted hooks, in milliseconds. */
const lookEveryMs = 600_000

/**
 * Returns a counter with series of hooks. It has at most {@link maxSeries} series, and some more without
 * a namespace. Each takes memory, and a scrape writes all of them at once. A post beyond that is
 * counted without the hook and the sender, then without the namespace too. A namespace gets no more than
 * its part, so that it leaves the others their series.
 *
 * The series of deleted hooks are removed, because they would accumulate. Each is kept for one more
 * interval, so that it is scraped once more.
 */
export const seriesOfHooks = (
  clock: Pick<Clock, 'monotonic'>,
  hooks: Pick<Hooks, 'has'>,
  counter: Counter,
): Pick<Counter, 'add'> => {
  const known = new Map<string, string>()
  const ofNamespace = new Tally()
  let lookedAt = clock.monotonic()
  let gone: ReadonlySet<string> = new Set()

  const takes = (labels: Labels, most: number): boolean => {
    const key = keyOf(labels)
    if (known.has(key)) return true
    const namespace = String(labels['namespace'])
    if (known.size >= maxSeries || ofNamespace.of(namespace) >= most) return false
    known.set(key, namespace)
    ofNamespace.add(namespace, 1)
    return true
  }

  const forget = (key: string): void => {
    const namespace = known.get(key)
    if (namespace !== undefined && known.delete(key)) ofNamespace.add(namespace, -1)
  }

  const removeGone = (): void => {
    const goneBefore = gone
    const goneNow = new Set<string>()
    gone = goneNow
    void counter.forget(labels => {
      const [namespace, hook] = [String(labels['namespace']), String(labels['hook'])]
      if (hook === '' || hooks.has(namespace, hook)) return false
      const name = `${namespace}/${hook}`
      goneNow.add(name)
      if (!goneBefore.has(name)) return false
      forget(keyOf(labels))
      return true
    })
  }

  return {
    add: (labels, by) => {
      if (takes(labels, maxSeriesOfNamespace)) counter.add(labels, by)
      else {
        const ofNone = without(labels, ['hook', 'sender'])
        counter.add(takes(ofNone, maxSeries) ? ofNone : without(ofNone, ['namespace']), by)
      }
      if (clock.monotonic() - lookedAt < lookEveryMs) return
      lookedAt = clock.monotonic()
      removeGone()
    },
  }
}

/** Returns the labels, of which some are empty. A label that is absent stays so. */
const without = (labels: Labels, names: readonly string[]): Labels =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, names.includes(name) ? '' : value]))

/** Returns a key that is the same for the same labels in another order. */
const keyOf = (labels: Partial<Labels>): string => JSON.stringify(labels, Object.keys(labels).toSorted())
