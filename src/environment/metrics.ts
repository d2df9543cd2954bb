import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Labels, Metrics } from './environment.ts'

/** How many observations of a series are kept before its histogram is told of them. */
const mostKept = 256

/**
 * Metrics in a registry of their own. Creating one of a name that is there returns the first.
 * With `process`, the process's memory, CPU and event loop are measured too (this starts timers: once, from main).
 *
 * Numbers are kept in here, and prom-client is told of them when somebody asks: it makes a text of all labels at every call, and
 * one post brings about ten of those.
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
        const series = seriesOf(labelNames, labels => ({ labels, value: 0 }))
        const collect = (): void => {
          counter.reset()
          for (const { labels, value } of series.all()) counter.inc(labels, value)
        }
        const counter = new Counter({ name, help, labelNames, registers, collect })
        return {
          add: (labels, by = 1) => void (series.of(labels).value += by),
          forget: which => series.forget(({ labels }) => which(labels)),
        }
      }),
    gauge: (name, help, labelNames) =>
      gauges(name, () => {
        const series = seriesOf(labelNames, labels => ({ labels, value: 0 }))
        const collect = (): void => {
          for (const { labels, value } of series.all()) gauge.set(labels, value)
        }
        const gauge = new Gauge({ name, help, labelNames, registers, collect })
        return { set: (labels, value) => void (series.of(labels).value = value) }
      }),
    histogram: (name, help, labelNames, buckets) =>
      histograms(name, () => {
        const series = seriesOf(labelNames, (labels): Observed => ({ labels, kept: [] }))
        const pass = (observed: Observed): void => {
          for (const seconds of observed.kept) histogram.observe(observed.labels, seconds)
          observed.kept = []
        }
        const collect = (): void => {
          for (const observed of series.all()) pass(observed)
        }
        const histogram = new Histogram({ name, help, labelNames, buckets: [...buckets], registers, collect })
        return {
          observe: (labels, seconds) => {
            const observed = series.of(labels)
            observed.kept.push(seconds)
            if (observed.kept.length >= mostKept) pass(observed)
          },
        }
      }),
    text: () => register.metrics(),
  }
}

/** A series of a histogram, which does not know yet what is kept here. */
interface Observed {
  readonly labels: Labels
  kept: number[]
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
 * The series of one metric, each begun when its labels first occur. They stand by their first two labels, a namespace and a hook
 * where there are many; of the few that have both the rest is compared. One text made of all labels would be a new one each time.
 */
const seriesOf = <S extends { readonly labels: Labels }>(
  labelNames: readonly string[],
  begin: (labels: Labels) => S,
) => {
  const [first = '', second = ''] = labelNames
  const all = new Map<string | number | undefined, Map<string | number | undefined, readonly S[]>>()
  const of = (labels: Labels): S => {
    const some = all.get(labels[first]) ?? new Map<string | number | undefined, readonly S[]>()
    const few = some.get(labels[second]) ?? []
    for (const one of few) if (labelNames.every(name => one.labels[name] === labels[name])) return one
    const begun = begin(labels)
    some.set(labels[second], [...few, begun])
    all.set(labels[first], some)
    return begun
  }
  return {
    of,
    all: () => [...all.values()].flatMap(some => [...some.values()].flat()),
    forget: (which: (one: S) => boolean): void => {
      for (const [key, some] of all) {
        for (const [other, few] of some) {
          const left = few.filter(one => !which(one))
          if (left.length === 0) some.delete(other)
          else some.set(other, left)
        }
        if (some.size === 0) all.delete(key)
      }
    },
  }
}
