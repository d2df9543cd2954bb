import { nodeClock } from '../../../src/environment/node.ts'
import { wait } from '../../../src/environment/wait.ts'
import type { Cluster } from '../../support/product.ts'
import { program, type Program } from '../../support/program.ts'
import { freePort } from '../control-plane/ports.ts'
import type { Serving } from './senders.ts'

/**
 * How often a process is asked for its metrics, since it takes with it what it was not asked for, in milliseconds.
 * Scrapes within a second share their metrics.
 */
const scrapeMs = 1000

/** How long a start may take, in milliseconds: longer than any outage of the API server. */
const servedWithinMs = 300_000

/** How long a process has that is asked to end, in milliseconds. */
const retryMs = 20

/** Some trigger processes, each at an address of its own that it has again when it is started again. */
export interface Triggers {
  readonly serving: () => readonly Serving[]
  /** Starts one, and resolves when it serves: when it has answered the one post that shows how it signs its writes. */
  readonly start: (index: number) => Promise<void>
  /** Kills one without a warning, and resolves when it is gone. Senders learn of it after that. */
  readonly kill: (index: number) => Promise<void>
  /** Ends all, and resolves with what their metrics said last, summed up, and with the errors that they logged. */
  readonly end: () => Promise<{ readonly steps: ReadonlyMap<string, number>; readonly errors: readonly string[] }>
}

/** Makes the one post to a process that has just been started, the `number`th of all; answers whether it was applied. */
export type Probe = (serving: Serving, number: number) => Promise<boolean>

export const triggers = async (
  { kubeconfig, namespace, systemNamespace }: Pick<Cluster, 'kubeconfig' | 'namespace' | 'systemNamespace'>,
  count: number,
  probe: Probe,
): Promise<Triggers> => {
  const ports = await Promise.all(
    Array.from({ length: count }, async () => ({ trigger: await freePort(), operations: await freePort() })),
  )
  const running = new Map<number, { readonly program: Program; readonly serving: Serving }>()
  const all: Program[] = []
  const steps = new Map<string, ReadonlyMap<string, number>>()
  const stop = new AbortController()

  const scrape = async (index: number, process: string): Promise<void> => {
    const text = await fetch(`http://127.0.0.1:${ports[index]?.operations}/metrics`).then(
      response => response.text(),
      () => '',
    )
    const answered = stepsIn(text)
    if (answered.size > 0 && running.get(index)?.serving.process === process) steps.set(process, answered)
  }
  const scrapeAll = (): Promise<unknown> =>
    Promise.all([...running].map(([index, { serving }]) => scrape(index, serving.process)))
  const scraping = (async () => {
    while (!stop.signal.aborted) {
      await scrapeAll()
      await wait(nodeClock, scrapeMs, stop.signal)
    }
  })()

  return {
    serving: () => [...running.values()].map(({ serving }) => serving),
    start: async index => {
      const number = all.length
      const port = ports[index]?.trigger ?? 0
      const started = program([
        ...[
          'serve',
          'trigger',
          '--namespace',
          systemNamespace,
          '--watch-namespace',
          namespace,
          '--kubeconfig',
          kubeconfig,
        ],
        ...['--host', '127.0.0.1', '--trigger-port', String(port)],
        ...['--operations-port', String(ports[index]?.operations), '--shutdown-delay', '0', '--log-level', 'warn'],
      ])
      all.push(started)
      const serving = { process: `trigger-${index}.${number}`, port }
      const until = nodeClock.monotonic() + servedWithinMs
      while (!(await probe(serving, number))) {
        if (nodeClock.monotonic() > until)
          throw new Error(`${serving.process} does not serve: ${started.lines.join('\n')}`)
        await wait(nodeClock, retryMs)
      }
      running.set(index, { program: started, serving })
    },
    kill: async index => {
      await running.get(index)?.program.end('SIGKILL')
      running.delete(index)
    },
    end: async () => {
      stop.abort()
      await scraping
      await wait(nodeClock, scrapeMs)
      await scrapeAll()
      await Promise.all([...running.values()].map(each => each.program.end('SIGTERM')))
      return {
        steps: summed([...steps.values()]),
        errors: all.flatMap(({ lines }) => lines.filter(line => line.includes('"level":"error"'))),
      }
    },
  }
}

/** Returns what a process counts of its steps: `writes_total{result="applied"}` and the like. */
const stepsIn = (metrics: string): ReadonlyMap<string, number> =>
  new Map(
    [...metrics.matchAll(/^receiverhooks_steps?_(\w+\{\w+="[^"]*"\}) (\d+)$/gm)].map(([, name = '', value]) => [
      name,
      Number(value),
    ]),
  )

const summed = (maps: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> => {
  const sums = new Map<string, number>()
  for (const map of maps) for (const [name, value] of map) sums.set(name, (sums.get(name) ?? 0) + value)
  return sums
}
