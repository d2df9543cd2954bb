/**
 * Runs the product under mixed load on a real control plane, and looks whether anything grows: memory, handles, delays of the
 * event loop, the database. Fails if something does.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { makeBundles } from './bundles.ts'
import { replaceIn, writePicture } from './page.ts'
import { load, makeHooks } from './soak/load.ts'
import { plotOf } from './soak/plot.ts'
import { measuredIn, trendsOf, type Role, type Sample, type Trend } from './soak/sample.ts'
import { openStage, type Stage } from './stage.ts'
import type { Started } from './started.ts'
import { serverInWords } from './server.ts'

const usage = `npm run soak: an hour of mixed load, and whether anything grows

  --minutes N   how long the load lasts (default: 60)
  --in-memory   the in-memory API server, even where there is a real one
  --page        put the picture and the figures into contributing/performance.md
  --help
`

const sampleEveryMs = 10_000
const sayEvery = 6

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    'in-memory': { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

type Processes = Readonly<Record<Role, Started>>

const look = async (stage: Stage, processes: Processes, atMs: number): Promise<Sample> => {
  const of = async (role: Role) => measuredIn(await (await fetch(`${processes[role].operations}/metrics`)).text())
  const [controller, first, second, work] = await Promise.all([
    of('controller'),
    of('trigger 1'),
    of('trigger 2'),
    stage.server.work(),
  ])
  const roles = { controller, 'trigger 1': first, 'trigger 2': second }
  return { atMs, roles, databaseMiB: work.inUse / 1024 / 1024 }
}

const lineOf = ({ atMs, databaseMiB, roles }: Sample): string =>
  [
    `${Math.round(atMs / 60_000)} min`,
    ...Object.entries(roles).map(
      ([role, { delay, handles, memory }]) =>
        `${role} ${memory.toFixed(0)} MiB, ${handles} handles, ${delay.toFixed(1)} ms`,
    ),
    `etcd ${databaseMiB.toFixed(1)} MiB`,
  ].join('; ')

const trendLine = ({ grows, last, third, unit, what }: Trend): string =>
  `| ${what} | ${third.toFixed(1)} ${unit} | ${last.toFixed(1)} ${unit} | ${grows ? 'grows' : 'stays'} |`

const run = async (ms: number, inMemory: boolean) => {
  const bundles = makeBundles()
  const stage = await openStage(bundles, { inMemory, quick: false })
  try {
    await makeHooks(stage)
    const processes = {
      controller: await stage.product('controller'),
      'trigger 1': await stage.product('trigger'),
      'trigger 2': await stage.product('trigger'),
    }
    const began = performance.now()
    const samples: Sample[] = []
    const loading = load(stage, [processes['trigger 1'].origin, processes['trigger 2'].origin], ms)
    do {
      const sample = await look(stage, processes, performance.now() - began)
      if (samples.push(sample) % sayEvery === 1) console.error(lineOf(sample))
    } while ((await Promise.race([sleep(sampleEveryMs, 'later'), loading])) === 'later')
    return { answers: await loading, samples }
  } finally {
    await stage.stop()
    bundles.remove()
  }
}

/** Says what a run came to, as a part of the page. */
const said = (answers: Readonly<Record<string, number>>, samples: readonly Sample[], inMemory: boolean): string => {
  const minutes = Math.round((samples.at(-1)?.atMs ?? 0) / 60_000)
  const posts = Object.values(answers).reduce((sum, count) => sum + count, 0)
  const counted = Object.entries(answers)
    .sort(([, a], [, b]) => b - a)
    .map(([answer, count]) => `${count.toLocaleString('en')} ${answer}`)
  return [
    `${new Date().toISOString().slice(0, 10)}, ${serverInWords(inMemory)}: ${posts.toLocaleString('en')} posts in ${minutes} minutes (${counted.join(', ')}).`,
    '',
    '| what | third quarter, median | last quarter, median | |',
    '|---|---|---|---|',
    ...trendsOf(samples).map(trendLine),
  ].join('\n')
}

const writePage = (text: string, samples: readonly Sample[]): void => {
  const picture = { file: 'soak.svg', alt: 'memory, handles, delays and the database over time', svg: plotOf(samples) }
  replaceIn('soak', `${text}\n\n${writePicture(picture)}`)
}

if (values.help) {
  process.stdout.write(usage)
} else {
  const minutes = Number(values.minutes)
  if (!(minutes > 0)) throw new Error('--minutes must be a number above 0')
  const { answers, samples } = await run(minutes * 60_000, values['in-memory'])
  const text = said(answers, samples, values['in-memory'])
  console.log(text)
  if (values.page) writePage(text, samples)
  process.exit(trendsOf(samples).some(({ grows }) => grows) ? 1 : 0)
}
