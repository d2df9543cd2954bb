import { axisOf, rounded, size, stairs, style, type Lane, type Steps } from '../../support/stairs.ts'
import { forever, type Extent, type Incident } from './incidents.ts'
import type { Sample } from './leased.ts'
import type { Passed } from './lossy.ts'

/** What happened in a run. Moments are in milliseconds since the epoch. */
export interface Story {
  readonly seed: number
  readonly extent: Extent
  readonly began: number
  readonly bases: Readonly<Record<string, number>>
  readonly incidents: readonly Incident[]
  readonly samples: readonly Sample[]
  readonly passed: readonly Passed[]
  /** By how much each end of a lease has changed its count. */
  readonly ends: readonly number[]
  /** How many Events of hooks there are, by their reasons. */
  readonly events: Readonly<Record<string, number>>
}

/** The target that gets the same posts as {@link forever}, by a hook with `for`. */
const leased = 'leased'

/** Draws counts with leases and without them, the open leases, and the lost posts over time, as SVG. */
export const pictureOf = (story: Story): string => {
  const { bases, began, extent, samples } = story
  const ended = samples.at(-1)?.at ?? began
  const x = (moment: number): number => {
    const within = Math.min(Math.max(moment, began), ended) - began
    return rounded(size.left + (within / (ended - began)) * (size.right - size.left))
  }
  const countsOf = (name: string): Steps => samples.map(({ at, counts }) => [at, counts[name] ?? 0])
  const most = Math.max(...[leased, forever].flatMap(name => countsOf(name).map(([, value]) => value))) + 1
  const open: Steps = samples.map(sample => [sample.at, sample.open])
  const lanes: readonly (readonly [Lane, Steps, string])[] = [
    [{ title: `replicas, with for: ${extent.leaseFor}`, top: 60, bottom: 160, most }, countsOf(leased), 'leased'],
    [{ title: 'replicas, the same posts without for', top: 200, bottom: 300, most }, countsOf(forever), 'forever'],
    [{ title: 'open leases of all hooks', top: 340, bottom: 420, most: highestIn(open) }, open, 'open'],
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img">`,
    `<title>${titleOf(story)}</title>`,
    `<style>${style}</style>`,
    `<rect width="${size.width}" height="${size.height}" fill="#fff"/>`,
    `<text class="title" x="${size.left}" y="22">${titleOf(story)}</text>`,
    ...gridOf(began, ended, x),
    ...lanes.flatMap(([lane, steps, kind]) => [
      `<text x="${size.left}" y="${lane.top - 12}">${lane.title}</text>`,
      axisOf(lane, kind === 'open' ? 0 : (bases[leased] ?? 0)),
      stairs(lane, steps, kind, x, ended),
    ]),
    `<text x="${size.left}" y="448">lost posts of all hooks</text>`,
    ...lostOf(story.passed, 'firing').map(({ at }) => `<path class="report" d="M${x(at)} 456v12"/>`),
    ...lostOf(story.passed, 'resolved').map(({ at }) => `<path class="end" d="M${x(at)} 456v12"/>`),
    '<path class="report" d="M60 507v-12"/><text x="68" y="506">an alert fires: lost for good</text>',
    '<path class="end" d="M260 507v-12"/><text x="268" y="506">an alert has ended: lost for good</text>',
    '<path class="base" d="M490 501h24"/><text x="522" y="506">the base</text>',
    '</svg>\n',
  ].join('\n')
}

/** Says in a line how much there was. */
const titleOf = ({ began, extent, incidents, passed }: Story): string => {
  const lost = passed.filter(({ isLost }) => isLost).length
  const minutes = Math.round(extent.alertsMs / 60_000)
  const time = minutes === 0 ? `${extent.alertsMs / 1000} seconds` : `${minutes} minutes`
  const date = new Date(began).toISOString().slice(0, 10)
  const counted = (count: number): string => count.toLocaleString('en')
  return `${time} of alerts: ${counted(incidents.length)} alerts, ${counted(passed.length)} posts, ${counted(lost)} of them lost for good (${date})`
}

const lostOf = (passed: readonly Passed[], status: string): readonly Passed[] =>
  passed.filter(post => post.isLost && post.status === status)

const highestIn = (steps: Steps): number => Math.max(1, ...steps.map(([, value]) => value))

/** Draws a line each ten minutes, or each five seconds of a short run. */
const gridOf = (began: number, ended: number, x: (moment: number) => number): readonly string[] => {
  const isLong = ended - began > 600_000
  const everyMs = isLong ? 600_000 : 5000
  return Array.from({ length: Math.floor((ended - began) / everyMs) + 1 }, (_, index) => {
    const at = x(began + index * everyMs)
    const text = isLong ? `${index * 10} min` : `${index * 5} s`
    return `<path class="grid" d="M${at} 50V470"/><text x="${at}" y="484" text-anchor="middle">${text}</text>`
  })
}
