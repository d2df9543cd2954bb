import { median } from '../stats.ts'

/** The processes that are looked at. */
export type Role = 'controller' | 'trigger 1' | 'trigger 2'

/** What is measured of a process, and how. */
const gauges = {
  /** Resident memory, in MiB. */
  memory: { metric: 'process_resident_memory_bytes', unit: 'MiB', divisor: 1024 * 1024 },
  heap: { metric: 'nodejs_heap_size_used_bytes', unit: 'MiB', divisor: 1024 * 1024 },
  /** Open file descriptors: sockets above all. */
  handles: { metric: 'process_open_fds', unit: 'handles', divisor: 1 },
  /** The 99th percentile of the event loop's delay since the sample before, in milliseconds. */
  delay: { metric: 'nodejs_eventloop_lag_p99_seconds', unit: 'ms', divisor: 0.001 },
} as const

export type Gauge = keyof typeof gauges

export type Measured = Readonly<Record<Gauge, number>>

/** One look at everything. */
export interface Sample {
  /** Since the load began, in milliseconds. */
  readonly atMs: number
  readonly roles: Readonly<Record<Role, Measured>>
  /** How much of etcd's database is in use, in MiB. The API server compacts it each five minutes. */
  readonly databaseMiB: number
}

/** Reads the metrics of a process. Throws an Error if one is missing. */
export const measuredIn = (metrics: string): Measured => {
  const read = (gauge: Gauge): number => {
    const { divisor, metric } = gauges[gauge]
    const value = new RegExp(`^${metric} (\\S+)$`, 'm').exec(metrics)?.[1]
    if (value === undefined) throw new Error(`there is no metric ${metric}`)
    return Number(value) / divisor
  }
  return { memory: read('memory'), heap: read('heap'), handles: read('handles'), delay: read('delay') }
}

/** How a figure went on in the second half of the time. */
export interface Trend {
  readonly what: string
  readonly unit: string
  /** The medians of the third and of the last quarter. Of the database, the least: its size after a compaction. */
  readonly third: number
  readonly last: number
  readonly grows: boolean
}

/**
 * How much more a figure may be in the last quarter than in the third: a twentieth, and what may come by chance. A leak that
 * matters within a month adds more.
 */
const allowed = { share: 1.05, chance: { memory: 4, handles: 4, database: 4 } } as const

/** Compares the third quarter with the last one. By then, records and caches have the size that they keep. */
export const trendsOf = (samples: readonly Sample[]): readonly Trend[] => {
  const quarter = (index: number): readonly Sample[] =>
    samples.slice(Math.floor((samples.length * index) / 4), Math.floor((samples.length * (index + 1)) / 4))
  const trend = (
    what: string,
    unit: string,
    chance: number,
    of: (sample: Sample) => number,
    middle: (figures: readonly number[]) => number = median,
  ): Trend => {
    const [third, last] = [middle(quarter(2).map(of)), middle(quarter(3).map(of))]
    return { what, unit, third, last, grows: last > third * allowed.share + chance }
  }
  const { chance } = allowed
  const roles: readonly Role[] = ['controller', 'trigger 1', 'trigger 2']
  return [
    ...roles.map(role => trend(`memory of ${role}`, 'MiB', chance.memory, ({ roles: all }) => all[role].memory)),
    ...roles.map(role => trend(`handles of ${role}`, 'handles', chance.handles, ({ roles: all }) => all[role].handles)),
    trend(
      "etcd's database",
      'MiB',
      chance.database,
      ({ databaseMiB }) => databaseMiB,
      figures => Math.min(...figures),
    ),
  ]
}
