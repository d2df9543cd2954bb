import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Metrics } from './environment.ts'

/**
 * Makes a set of metrics in a registry of its own. A name that is created twice gives the first
 * metric. With `process`, memory, CPU and event loop of the process are measured. That starts
 * timers, so only main does it, once.
 */
export const promMetrics = (options: { readonly process?: boolean } = {}): Metrics => {
  const register = new Registry()
  const registers = [register]
  if (options.process === true) collectDefaultMetrics({ register })
  // These gauges are named like counters. Each is the sum of a gauge without the suffix.
  for (const what of ['handles', 'requests', 'resources']) register.removeSingleMetric(`nodejs_active_${what}_total`)
  const [counters, gauges, histograms] = [
    once<ReturnType<Metrics['counter']>>(register, 'counter'),
    once<ReturnType<Metrics['gauge']>>(register, 'gauge'),
    once<ReturnType<Metrics['histogram']>>(register, 'histogram'),
  ]
  return {
    counter: (name, help, labelNames) =>
      counters(name, () => {
        const counter = new Counter({ name, help, labelNames, registers })
        return {
          add: (labels, by = 1) => {
            if (!(by >= 0)) throw new Error(`metric ${name}: a counter only rises, so it can't change by ${by}`)
            counter.inc(labels, by)
          },
          forget: async which => {
            const { values } = await counter.get()
            for (const { labels } of values) if (which(labels)) counter.remove(labels)
          },
        }
      }),
    gauge: (name, help, labelNames) =>
      gauges(name, () => {
        const gauge = new Gauge({ name, help, labelNames, registers })
        return {
          set: (labels, value) => {
            if (value === undefined) return gauge.remove(labels)
            if (!Number.isFinite(value)) throw notFinite(name, value)
            gauge.set(labels, value)
          },
        }
      }),
    histogram: (name, help, labelNames, buckets) =>
      histograms(name, () => {
        const histogram = new Histogram({ name, help, labelNames, buckets: [...buckets], registers })
        return {
          observe: (labels, seconds) => {
            if (!Number.isFinite(seconds)) throw notFinite(name, seconds)
            histogram.observe(labels, seconds)
          },
        }
      }),
    text: () => register.metrics(),
  }
}

/**
 * Returns an error with the metric's name. prom-client accepts infinity in a gauge, and names no
 * metric in its errors.
 */
const notFinite = (name: string, value: number): Error => new Error(`metric ${name}: ${value} is not a number`)

/**
 * Returns a function that creates each metric at its first use. The function throws if the name
 * belongs to a metric of another kind.
 */
const once = <M>(register: Registry, kind: string) => {
  const made = new Map<string, M>()
  return (name: string, create: () => M): M => {
    const known = made.get(name)
    if (known !== undefined) return known
    if (register.getSingleMetric(name) !== undefined) {
      throw new Error(`metric ${name}: already exists, as another kind than ${kind}: rename one of them`)
    }
    const metric = create()
    made.set(name, metric)
    return metric
  }
}
