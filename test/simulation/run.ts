import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { failure, figuresOf, fingerprint, inWords, noFigures, sum, traceOf, type Figures } from './figures.ts'
import type { Violation } from './happened.ts'
import { runHistory } from './history.ts'

const usage = `node test/simulation/run.ts [--seconds N | --histories N] [--from SEED] [--workers N]
node test/simulation/run.ts --seed N [--trace]

Runs histories of the whole product in virtual time, from fresh seeds or from SEED on, for 60 seconds by
default; or the one history of a seed, and with --trace prints all that happens in it.`

interface Ran {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly figures: Figures
}

/** A history leaves next to nothing behind: with room for all of it there is little to collect. */
const resourceLimits = { maxYoungGenerationSizeMb: 128 }

/** How many failing seeds are enough to stop. */
const maxFailures = 20

const progressEveryMs = 10_000

const one = async (seed: number, trace: boolean): Promise<boolean> => {
  const history = await runHistory(seed)
  const { violations } = history
  if (trace) console.log(traceOf(history))
  console.log(violations.length > 0 ? failure(seed, violations) : `seed ${seed} keeps all promises`)
  console.log(`${inWords(figuresOf(history))}; fingerprint ${fingerprint(history)}`)
  return violations.length === 0
}

const many = async (
  first: number,
  workers: number,
  limit: { seconds: number; histories: number },
): Promise<boolean> => {
  const began = performance.now()
  let figures = noFigures
  let failures = 0
  const threads: Worker[] = []
  console.log(`from seed ${first} on`)
  const progress = setInterval(
    () => console.error(`${figures.histories} histories so far, ${failures} failed`),
    progressEveryMs,
  )
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, limit.seconds * 1000)
    const received = ({ figures: own, seed, violations }: Ran): void => {
      if (figures.histories >= limit.histories) return
      figures = sum(figures, own)
      if (violations.length > 0) {
        failures += 1
        console.log(failure(seed, violations))
      }
      if (figures.histories < limit.histories && failures < maxFailures) return
      clearTimeout(timer)
      resolve()
    }
    for (let index = 0; index < workers; index++) {
      const workerData = { first: first + index, step: workers }
      const thread = new Worker(new URL('worker.ts', import.meta.url), { workerData, resourceLimits })
      thread.on('message', received)
      thread.on('error', reject)
      threads.push(thread)
    }
  })
  clearInterval(progress)
  await Promise.all(threads.map(thread => thread.terminate()))
  const seconds = (performance.now() - began) / 1000
  const rate = Math.round((figures.histories / seconds) * 60)
  console.log(
    `${figures.histories} histories in ${seconds.toFixed(0)} s (${rate} a minute), ${inWords(figures)}; ${failures} failed`,
  )
  return failures === 0
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    histories: { type: 'string' },
    from: { type: 'string' },
    workers: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})
process.noDeprecation = true
if (values.help) console.log(usage)
else {
  const { from, histories, seconds, seed, trace, workers } = values
  const limit = {
    seconds: Number(seconds ?? (histories === undefined ? 60 : 86_400)),
    histories: Number(histories ?? Infinity),
  }
  const first = from === undefined ? randomInt(2 ** 31) : Number(from)
  const isGood = seed === undefined ? await many(first, Number(workers), limit) : await one(Number(seed), trace)
  process.exitCode = isGood ? 0 : 1
}
