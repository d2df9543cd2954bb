import type { Total } from '../../../scripts/demo/load.ts'
import { textOf, type Delivered } from './delivered.ts'
import type { Seen } from './path.ts'

/** What happened in a loop. Moments are in milliseconds since the epoch. */
export interface Story {
  readonly began: number
  readonly ended: number
  readonly seen: readonly Seen[]
  readonly totals: readonly Total[]
  readonly deliveries: readonly Delivered[]
  /** The load per pod above and below which the rules fire. */
  readonly busy: number
  readonly idle: number
}

const size = { width: 860, height: 440, left: 60, right: 750 } as const

/** The three things that are drawn over the same time, by the height at which each has its 0 and its top. */
const loadLane = { title: 'load per pod', bottom: 170, top: 40, most: 50 } as const
const countLane = { title: 'replicas', bottom: 310, top: 220, most: 6 } as const
const notificationsLane = { title: 'notifications', bottom: 390, top: 340 } as const

type Lane = typeof loadLane | typeof countLane

/** Draws the load, the replicas and the outcome of each notification over time, as SVG. */
export const pictureOf = (story: Story): string => {
  const { began, busy, deliveries, ended, idle, seen } = story
  const x = (moment: number): number => {
    const within = Math.min(Math.max(moment, began), ended) - began
    return rounded(size.left + (within / (ended - began)) * (size.right - size.left))
  }
  const stairs = (lane: Lane, steps: readonly (readonly [at: number, value: number])[], kind: string): string => {
    const points = steps.flatMap(([at, value], index) => {
      const until = steps[index + 1]?.[0] ?? ended
      return [`${x(at)},${y(lane, value)}`, `${x(until)},${y(lane, value)}`]
    })
    return `<polyline class="${kind}" points="${points.join(' ')}"/>`
  }
  const seconds = Array.from({ length: Math.floor((ended - began) / 5000) + 1 }, (_, index) => index * 5)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img">`,
    '<title>Load, replicas and notifications over time</title>',
    `<style>${style}</style>`,
    `<rect width="${size.width}" height="${size.height}" fill="#fff"/>`,
    ...seconds.map(second => {
      const at = x(began + second * 1000)
      return `<path class="grid" d="M${at} 30V400"/><text x="${at}" y="416" text-anchor="middle">${second} s</text>`
    }),
    ...[loadLane, countLane].flatMap(lane => [title(lane.title, lane.top), axis(lane)]),
    title(notificationsLane.title, notificationsLane.top),
    threshold(busy, `busy above ${busy}`, -2),
    threshold(idle, `idle below ${idle}`, 8),
    stairs(loadLane, loadsIn(story), 'load'),
    stairs(
      countLane,
      seen.map(({ at, ready }) => [at, ready]),
      'ready',
    ),
    stairs(
      countLane,
      seen.map(({ at, replicas }) => [at, replicas]),
      'wanted',
    ),
    ...deliveries.map(delivery => mark(delivery, x(delivery.at))),
    ...legend,
    '</svg>\n',
  ].join('\n')
}

/** Returns the load of each pod: it changes with the total, and with the number of pods that are there. */
const loadsIn = ({ seen, totals }: Story): readonly (readonly [at: number, value: number])[] => {
  const moments = [...seen.map(({ at }) => at), ...totals.map(({ at }) => at)].toSorted((a, b) => a - b)
  return moments.flatMap(moment => {
    const total = totals.findLast(({ at }) => at <= moment)?.total ?? 0
    const pods = seen.findLast(({ at }) => at <= moment)?.ready ?? 0
    return pods === 0 ? [] : [[moment, total / pods] as const]
  })
}

const y = ({ bottom, most, top }: Lane, value: number): number => rounded(bottom - (value / most) * (bottom - top))

const rounded = (value: number): number => Math.round(value * 10) / 10

const title = (text: string, at: number): string => `<text class="title" x="${size.left}" y="${at - 12}">${text}</text>`

const axis = (lane: Lane): string =>
  [0, lane.most]
    .map(value => `<text x="${size.left - 8}" y="${y(lane, value) + 4}" text-anchor="end">${value}</text>`)
    .join('') + `<path class="axis" d="M${size.left} ${lane.top}V${lane.bottom}H${size.right}"/>`

const threshold = (value: number, what: string, lower: number): string => {
  const height = y(loadLane, value)
  const text = `<text x="${size.right + 8}" y="${height + lower}">${what}</text>`
  return `<path class="rule" d="M${size.left} ${height}H${size.right}"/>${text}`
}

/** Draws a triangle that points where the step went; a ring where nothing was changed. */
const mark = (delivery: Delivered, at: number): string => {
  const { from = 0, outcome, to = 0 } = delivery
  const what = `<title>${textOf(delivery)}</title>`
  if (outcome !== 'applied') return `<circle class="over" cx="${at}" cy="365" r="6">${what}</circle>`
  const shape = to > from ? `M${at - 7} 372h14l-7 -14z` : `M${at - 7} 358h14l-7 14z`
  return `<path class="${to > from ? 'up' : 'down'}" d="${shape}">${what}</path>`
}

const legend = [
  '<path class="up" d="M60 434h10l-5 -10z"/><text x="76" y="434">a step up</text>',
  '<path class="down" d="M150 424h10l-5 10z"/><text x="166" y="434">a step down</text>',
  '<circle class="over" cx="255" cy="429" r="5"/><text x="266" y="434">the alert is over: nothing changed</text>',
  '<path class="wanted" d="M490 429h20"/><text x="516" y="434">wanted</text>',
  '<path class="ready" d="M580 429h20"/><text x="606" y="434">ready</text>',
]

const style = [
  'text{font:12px sans-serif;fill:#444}.title{font-weight:bold}',
  '.grid{stroke:#eee}.axis{stroke:#999;fill:none}.rule{stroke:#c77;stroke-dasharray:4 4}',
  '.load{stroke:#b30;stroke-width:2;fill:none}.wanted{stroke:#06c;stroke-width:2;fill:none}',
  '.ready{stroke:#06c;stroke-opacity:.3;stroke-width:6;fill:none}',
  '.up{fill:#080}.down{fill:#06c}.over{fill:#fff;stroke:#777;stroke-width:2}',
].join('')
