import type { Delivered } from '../../test/cluster/loop/delivered.ts'
import type { Thresholds } from './examples.ts'
import type { Count } from './shop.ts'

/** What is drawn of a moment. */
export interface Moment {
  /** Seconds since the beginning. */
  readonly second: number
  /** The load of each pod. */
  readonly load: number
  readonly count: Count
  /** What has happened since the moment before. */
  readonly events: readonly string[]
}

/** The columns of a load, one a unit; what is longer is cut. */
const loadWidth = 24

/** The columns of each part of a row: with what happened, which takes up to 20, it fits 80. */
const widths = { time: 5, load: 33, replicas: 13 } as const

const lineOf = (time: string, load: string, replicas: string, what: string): string =>
  [time.padStart(widths.time), load.padEnd(widths.load), replicas.padEnd(widths.replicas), what].join('  ').trimEnd()

/** Returns what stands above the rows. */
export const heading = ({ busy, idle }: Thresholds): string =>
  lineOf('time', `load per pod (idle < ${idle}, busy > ${busy})`, 'replicas', 'what happened')

/** Makes a row for the moment, and one more for each further event. */
export const rowsOf = ({ count, events, load, second }: Moment, thresholds: Thresholds): readonly string[] => {
  const [first = '', ...more] = events
  const loadText = `${barOf(load, thresholds)} ${load.toFixed(1).padStart(5)}`
  const replicasText = `${String(count.replicas).padStart(2)} ${podsOf(count)}`
  return [lineOf(`${second} s`, loadText, replicasText, first), ...more.map(text => lineOf('', '', '', text))]
}

/** Draws a cell for each unit of load, with a line after the cell at which a threshold is reached. */
const barOf = (load: number, { busy, idle }: Thresholds): string =>
  Array.from({ length: loadWidth }, (_, cell) => {
    const line = cell === idle || cell === busy ? '│' : ''
    return line + (cell < Math.round(load) ? '█' : ' ')
  }).join('')

/** Draws a square for each pod: full where it is ready. */
const podsOf = ({ ready, replicas }: Count): string => '■'.repeat(ready) + '□'.repeat(replicas - ready)

/** Returns a text such as `web-up: 2 → 3` and `web-down: Resolved`. */
export const eventOf = ({ from, hook, outcome, reason, to }: Delivered): string =>
  `${hook}: ${outcome === 'applied' ? `${from} → ${to}` : reason}`
