import { readFile, writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { axisOf, rounded, size, stairs, style, type Lane, type Steps } from '../support/stairs.ts'
import { world } from './world.ts'

const hour = 3_600_000
const path = 'docs/images/week.svg'

/** What each workload of the namespace has of its own: its count, and the cores that each of its pods requests. */
const workloads = [
  { name: 'api', own: 3, cores: 1 },
  { name: 'web', own: 4, cores: 0.5 },
  { name: 'worker', own: 6, cores: 2 },
  { name: 'search', own: 3, cores: 4 },
  { name: 'queue', own: 3, cores: 1 },
  { name: 'cache', own: 2, cores: 0.5 },
  { name: 'mail', own: 1, cores: 0.5 },
  { name: 'docs', own: 1, cores: 0.5 },
]
const names = workloads.map(({ name }) => name)

/** The posts of a week: the hour since Monday at midnight, what they hold at which value, and for how many hours. */
const posts = [
  ...[20, 44, 68, 92].flatMap(at => names.map(target => [at, target, '0', 12] as const)),
  ...names.map(target => [116, target, '0', 60] as const),
  // Somebody works late on Wednesday, and asks for it after the others have gone to sleep.
  ...(['search', 'worker'] as const).map(target => [69, target, 'base', 3] as const),
]

interface Sample {
  readonly at: number
  readonly pods: number
  readonly cores: number
}

it('each workload has its own count every morning, and after the weekend', async () => {
  const here = world(0)
  for (const name of ['web', 'api']) here.removeTarget(name)
  for (const { name, own } of workloads) here.makeTarget(name, own)
  const one = here.start()
  const counts = () => names.map(name => here.replicas(name))
  const began = here.clock.now()
  const samples: Sample[] = []
  for (let quarter = 0; quarter <= 4 * 24 * 7 + 36; quarter++) {
    const at = quarter / 4
    await here.clock.advance(Math.max(0, began + at * hour - here.clock.now()))
    for (const [when, target, holds, hours] of posts.filter(([when]) => when === at)) {
      const step = await here.posted(one, {
        ...{ hook: `${holds}-for-${hours}`, target, holds, by: 1, min: 0, max: 1000, forMs: hours * hour },
        delivery: { identity: { key: `${target} ${when}` } },
      })
      expect(step.outcome).toBe('done')
    }
    const pods = counts().reduce((sum, count) => sum + count, 0)
    const cores = workloads.reduce((sum, { cores, name }) => sum + here.replicas(name) * cores, 0)
    if (at >= 8) samples.push({ at, pods, cores })
  }
  expect(counts()).toEqual(workloads.map(({ own }) => own))
  const podsAt = (at: number) => samples.find(sample => sample.at === at)?.pods
  expect([19, 21, 33, 70, 73, 81, 119, 160, 177].map(podsAt)).toEqual([23, 0, 23, 9, 0, 23, 0, 0, 23])
  const picture = pictureOf(samples)
  if (process.env['PICTURES'] !== undefined) await writeFile(path, picture)
  expect(picture).toBe(await readFile(path, 'utf8'))
})

const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun', 'Mon']

/** Draws the pods and the requested cores of the namespace over the week, as SVG. */
const pictureOf = (samples: readonly Sample[]): string => {
  const ended = samples.at(-1)?.at ?? 0
  const x = (at: number): number => rounded(size.left + ((at - 8) / (ended - 8)) * (size.right - size.left))
  const [first] = samples
  const week = samples.filter(({ at }) => at < 8 + 168)
  const share = week.reduce((sum, { cores }) => sum + cores, 0) / (week.length * (first?.cores ?? 1))
  const title = `A week of a namespace that sleeps: ${Math.round(100 - share * 100)}% fewer core-hours requested`
  const lanes: readonly (readonly [Lane, Steps, string])[] = [
    [
      { title: 'pods', top: 60, bottom: 150, most: first?.pods ?? 0 },
      samples.map(({ at, pods }) => [at, pods]),
      'leased',
    ],
    [
      { title: 'requested cores', top: 190, bottom: 280, most: first?.cores ?? 0 },
      samples.map(({ at, cores }) => [at, cores]),
      'open',
    ],
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} 350" role="img">`,
    `<title>${title}</title>`,
    `<style>${style}</style>`,
    `<rect width="${size.width}" height="350" fill="#fff"/>`,
    `<text class="title" x="${size.left}" y="22">${title}</text>`,
    ...days.map(
      (day, index) =>
        `<path class="grid" d="M${x(8 + index * 24)} 50V280"/><text x="${x(8 + index * 24)}" y="296" text-anchor="middle">${day} 8:00</text>`,
    ),
    ...lanes.flatMap(([lane, steps, kind]) => [
      `<text x="${size.left}" y="${lane.top - 12}">${lane.title}</text>`,
      axisOf(lane, 0),
      stairs(lane, steps, kind, x, ended),
    ]),
    `<text x="${size.left}" y="322">Posts: at 20:00 on Monday to Thursday, for: 12h; on Friday, for: 60h. On Wednesday at 21:00, search and worker are</text>`,
    `<text x="${size.left}" y="338">kept awake with to: base, for: 3h. Nothing wakes them in the morning: each hold ends by itself.</text>`,
    '</svg>\n',
  ].join('\n')
}
