import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Labels, Metrics } from './environment.ts'

/**
 * Metrics in a registry of their own. Creating one of a name that is there returns the first.
 * With `process`, the process's memory, CPU and event loop are measured too (this starts timers: once, from main).
 */
export const promMetrics = (options: { readonly process?: boolean } = {}): Metrics => {
  const register = new Registry()
  const registers = [register]
  if (options.process === true) collectDefaultMetrics({ register })
  return {
    counter: (name, help, labelNames) => {
      const counter = once(register, name, Counter, () => new Counter({ name, help, labelNames, registers }))
      return {
        add: (labels, by = 1) => counter.inc(labels, by),
        forget: which => void forget(counter, which),
      }
    },
    gauge: (name, help, labelNames) => {
      const gauge = once(register, name, Gauge, () => new Gauge({ name, help, labelNames, registers }))
      return { set: (labels, value) => gauge.set(labels, value) }
    },
    histogram: (name, help, labelNames, buckets) => {
      const create = (): Histogram => new Histogram({ name, help, labelNames, buckets: [...buckets], registers })
      const histogram = once(register, name, Histogram, create)
      return { observe: (labels, seconds) => histogram.observe(labels, seconds) }
    },
    text: () => register.metrics(),
  }
}

const forget = async (counter: Counter, which: (labels: Labels) => boolean): Promise<void> => {
  const { values } = await counter.get()
  for (const { labels } of values) if (which(known(labels))) counter.remove(labels)
}

/** Every series has all labels; prom-client's types do not say so. */
const known = (labels: Partial<Record<string, string | number>>): Labels =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, value ?? '']))

/** The metric of this name, created at its first use. Throws when the name belongs to another kind of metric. */
const once = <M>(register: Registry, name: string, kind: abstract new (...args: never[]) => M, create: () => M): M => {
  const known: unknown = register.getSingleMetric(name)
  if (known === undefined) return create()
  if (known instanceof kind) return known
  throw new Error(`metric ${name}: exists already, as another kind than ${kind.name}: give one of them another name`)
}
