import { quantile } from '../stats.ts'
import type { Role, Sample } from './sample.ts'

/** A line of the picture, with its colour and its values over time. */
interface Line {
  readonly title: string
  readonly colour: string
  readonly of: (sample: Sample) => number
}

interface Lane {
  readonly title: string
  readonly unit: string
  readonly lines: readonly Line[]
}

const colours: Readonly<Record<Role, string>> = {
  controller: '#1a7f37',
  'trigger 1': '#1f6feb',
  'trigger 2': '#bf4b00',
}
const allRoles: readonly Role[] = ['controller', 'trigger 1', 'trigger 2']

const ofRoles = (gauge: 'memory' | 'handles' | 'delay'): readonly Line[] =>
  allRoles.map(role => ({ title: role, colour: colours[role], of: ({ roles }) => roles[role][gauge] }))

const lanes: readonly Lane[] = [
  { title: 'resident memory', unit: 'MiB', lines: ofRoles('memory') },
  { title: 'open handles', unit: '', lines: ofRoles('handles') },
  { title: 'delay of the event loop, p99 of each sample', unit: 'ms', lines: ofRoles('delay') },
  {
    title: "etcd's database, in use",
    unit: 'MiB',
    lines: [{ title: 'etcd', colour: '#8250df', of: ({ databaseMiB }) => databaseMiB }],
  },
]

const [width, height, left, right, laneHeight, gap] = [860, 620, 70, 20, 105, 40]

/** Draws samples over time, as SVG. */
export const plotOf = (samples: readonly Sample[]): string => {
  const endMs = samples.at(-1)?.atMs ?? 1
  const x = (atMs: number): number => round(left + (atMs / endMs) * (width - left - right))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    '<title>memory, handles, delays and the database under mixed load</title>',
    '<style>text{font:12px system-ui,sans-serif;fill:#444}.grid{stroke:#ddd}polyline{fill:none;stroke-width:1.5}</style>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...lanes.flatMap((lane, index) => drawn(lane, 40 + index * (laneHeight + gap), samples, x)),
    ...minutes(endMs).map(
      minute => `<text x="${x(minute * 60_000)}" y="${height - 8}" text-anchor="middle">${minute} min</text>`,
    ),
    ...allRoles.map((role, index) => {
      const at = width - right - 250 + index * 90
      return `<rect x="${at}" y="10" width="10" height="10" fill="${colours[role]}"/><text x="${at + 15}" y="19">${role}</text>`
    }),
    '</svg>\n',
  ].join('\n')
}

const drawn = (
  { lines, title, unit }: Lane,
  top: number,
  samples: readonly Sample[],
  x: (atMs: number) => number,
): readonly string[] => {
  const values = lines.flatMap(({ of }) => samples.map(of))
  // One long pause of the machine would flatten all that is to be seen.
  const most = Math.max(1, quantile(values, 0.995) * 1.1)
  const y = (value: number): number => round(top + laneHeight - (Math.min(value, most) / most) * laneHeight)
  return [
    `<text x="${left}" y="${top - 8}">${title}</text>`,
    ...[0, most / 2, most].flatMap(value => [
      `<line class="grid" x1="${left}" y1="${y(value)}" x2="${width - right}" y2="${y(value)}"/>`,
      `<text x="${left - 8}" y="${y(value) + 4}" text-anchor="end">${value.toFixed(value < 10 ? 1 : 0)} ${unit}</text>`,
    ]),
    ...lines.map(({ colour, of }) => {
      const points = samples.map(sample => `${x(sample.atMs)},${y(of(sample))}`).join(' ')
      return `<polyline stroke="${colour}" points="${points}"/>`
    }),
  ]
}

const minutes = (endMs: number): readonly number[] => {
  const step = endMs > 600_000 ? 10 : 1
  return Array.from({ length: Math.floor(endMs / 60_000 / step) + 1 }, (_, index) => index * step)
}

const round = (figure: number): number => Math.round(figure * 10) / 10
