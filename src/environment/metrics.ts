import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Labels, Metrics } from './environment.ts'

/** How many observations of a series are kept before prom-client gets them. */
const maxKept = 256

/**
 * Makes metrics in a registry of their own. If you create a name twice, you get the first metric.
 * With `process`, the process's memory, CPU and event loop are measured too. This starts timers, so
 * only main does it, once.
 *
 * Numbers are kept here, and go to prom-client when it is scraped. prom-client makes a text of all
 * labels at every call, and one post makes half a dozen of those.
 */
export const promMetrics = (options: { readonly process?: boolean } = {}): Metrics => {
  const register = new Registry()
  const registers = [register]
  if (options.process === true) collectDefaultMetrics({ register })
  const [counters, gauges, histograms] = [
    once<ReturnType<Metrics['counter']>>(register, 'counter'),
    once<ReturnType<Metrics['gauge']>>(register, 'gauge'),
    once<ReturnType<Metrics['histogram']>>(register, 'histogram'),
  ]
  return {
    counter: (name, help, labelNames) =>
      counters(name, () => {
        // `value` is what was added since the last scrape. A series of 0 is shown too, once.
        const series = seriesOf(name, labelNames, labels => ({ labels, value: 0, isKnown: false }))
        const collect = (): void => {
          for (const one of series.all()) {
            if (one.value > 0 || !one.isKnown) counter.inc(one.labels, one.value)
            one.value = 0
            one.isKnown = true
          }
        }
        const counter = new Counter({ name, help, labelNames, registers, collect })
        return {
          add: (labels, by = 1) => {
            if (!(by >= 0)) throw new Error(`metric ${name}: a counter only rises, and cannot by ${by}`)
            series.of(labels).value += by
          },
          forget: which => {
            for (const { labels } of series.forget(one => which(one.labels))) counter.remove(labels)
          },
        }
      }),
    gauge: (name, help, labelNames) =>
      gauges(name, () => {
        const series = seriesOf(name, labelNames, labels => ({ labels, value: 0 }))
        const collect = (): void => {
          for (const { labels, value } of series.all()) gauge.set(labels, value)
        }
        const gauge = new Gauge({ name, help, labelNames, registers, collect })
        return { set: (labels, value) => void (series.of(labels).value = finite(name, value)) }
      }),
    histogram: (name, help, labelNames, buckets) =>
      histograms(name, () => {
        const series = seriesOf(name, labelNames, (labels): Observed => ({ labels, kept: [] }))
        const pass = ({ kept, labels }: Observed): void => {
          for (const seconds of kept) histogram.observe(labels, seconds)
          kept.length = 0
        }
        const collect = (): void => {
          for (const observed of series.all()) pass(observed)
        }
        const histogram = new Histogram({ name, help, labelNames, buckets: [...buckets], registers, collect })
        return {
          observe: (labels, seconds) => {
            const observed = series.of(labels)
            observed.kept.push(finite(name, seconds))
            if (observed.kept.length >= maxKept) pass(observed)
          },
        }
      }),
    text: () => register.metrics(),
  }
}

/** A series of a histogram, which does not know yet what is kept here. */
interface Observed {
  readonly labels: Labels
  readonly kept: number[]
}

/** The number itself. Throws here, where it came from: prom-client would throw at every scrape from now on. */
const finite = (name: string, value: number): number => {
  if (!Number.isFinite(value)) throw new Error(`metric ${name}: ${value} is no number to tell`)
  return value
}

/** The metrics of one kind, each created at its first use. Throws when a name belongs to another kind. */
const once = <M>(register: Registry, kind: string) => {
  const made = new Map<string, M>()
  return (name: string, create: () => M): M => {
    const known = made.get(name)
    if (known !== undefined) return known
    if (register.getSingleMetric(name) !== undefined) {
      throw new Error(`metric ${name}: exists already, as another kind than ${kind}: give one of them another name`)
    }
    const metric = create()
    made.set(name, metric)
    return metric
  }
}

/**
 * The series of one metric, each begun when its labels first occur. They are found by their first two labels, a namespace and a
 * hook where there are many; the few that share both are compared label by label. Throws where a label is not one of the metric's.
 */
const seriesOf = <S extends { readonly labels: Labels }>(
  name: string,
  labelNames: readonly string[],
  begin: (labels: Labels) => S,
) => {
  const [first = '', second = ''] = labelNames
  const all = new Map<string, Map<string, readonly S[]>>()
  const beginAs = (labels: Labels): S => {
    const other = Object.keys(labels).find(label => !labelNames.includes(label))
    if (other !== undefined) throw new Error(`metric ${name}: has no label ${other}`)
    const [one, two] = [textAt(labels, first), textAt(labels, second)]
    const begun = begin(labels)
    const some = all.get(one) ?? new Map<string, readonly S[]>()
    all.set(one, some.set(two, [...(some.get(two) ?? []), begun]))
    return begun
  }
  return {
    of: (labels: Labels): S => {
      const few = all.get(textAt(labels, first))?.get(textAt(labels, second)) ?? []
      for (const one of few) {
        if (labelNames.every(label => textAt(one.labels, label) === textAt(labels, label))) return one
      }
      return beginAs(labels)
    },
    all: () => [...all.values()].flatMap(some => [...some.values()].flat()),
    /** Forgets the series that are such, and returns them. */
    forget: (which: (one: S) => boolean): readonly S[] => {
      const forgotten: S[] = []
      for (const [one, some] of all) {
        for (const [two, few] of some) {
          const gone = few.filter(which)
          const left = few.filter(series => !gone.includes(series))
          forgotten.push(...gone)
          if (left.length === 0) some.delete(two)
          else some.set(two, left)
        }
        if (some.size === 0) all.delete(one)
      }
      return forgotten
    },
  }
}

const textAt = (labels: Labels, name: string): string => String(labels[name] ?? '')
