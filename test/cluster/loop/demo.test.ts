import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { spawnLeashed } from '../../support/leash.ts'
import { until } from '../../support/product.ts'

/** The demo in a process of its own, with what it has printed so far. */
const start = (args: readonly string[], folder = tmpdir()) => {
  const command = [`TMPDIR=${folder}`, process.execPath, 'scripts/demo/autoscaling.ts', ...args]
  const { child, end } = spawnLeashed('env', command, { stdout: 'pipe', stderr: 'inherit' })
  const lines: string[] = []
  if (!child.stdout) throw new Error('its output is to be a pipe')
  createInterface({ input: child.stdout }).on('line', line => void lines.push(line))
  const code = new Promise<number | null>(resolve => child.once('exit', resolve))
  return { lines, code, end }
}

const runs = [
  { what: 'with the real Prometheus and Alertmanager', args: [], says: 'Prometheus is at http', most: 5 },
  { what: 'with a stand-in for both, which it says', args: ['--stand-in'], says: 'A small stand-in plays', most: 5 },
  // Until the last of the three that it takes is there, three more are asked for.
  { what: 'with pods that need 6 s', args: ['--pods-need', '6s'], says: 'Prometheus is at http', most: 8 },
  {
    what: 'with pods that need 6 s, and a cooldown that is a little longer',
    args: ['--pods-need', '6s', '--cooldown', '7s'],
    says: 'Prometheus is at http',
    most: 5,
  },
]

const stepsIn = (lines: readonly string[], hook: string): readonly (readonly number[])[] =>
  lines.flatMap(line => {
    const [, from, to] = new RegExp(`${hook}: (\\d+) → (\\d+)`).exec(line) ?? []
    return from === undefined ? [] : [[Number(from), Number(to)]]
  })

describe('the demo', () => {
  /** What each has printed, and how it ended. */
  const ended = new Map<string, { readonly lines: readonly string[]; readonly code: number | null }>()

  // They take their time, but little else.
  beforeAll(async () => {
    const all = runs.map(async ({ args, what }) => {
      const { code, lines } = start([...args, '--once'])
      ended.set(what, { lines, code: await code })
    })
    await Promise.all(all)
  }, 150_000)

  it.each(runs)('$what goes up to $most pods and down to 2 again', ({ most, says, what }) => {
    const { code, lines = [] } = ended.get(what) ?? {}
    expect(code).toBe(0)
    expect(lines.some(line => line.startsWith(says))).toBe(true)
    const between = Array.from({ length: most - 2 }, (_, index) => [index + 2, index + 3])
    expect(stepsIn(lines, 'web-up')).toEqual(between)
    expect(stepsIn(lines, 'web-down')).toEqual(between.map(step => step.toReversed()).toReversed())
    expect(lines.filter(line => line.endsWith('Resolved'))).toHaveLength(2)
  })
})

const answers = async (address: string): Promise<boolean> => {
  try {
    return (await fetch(address)).status > 0
  } catch {
    return false
  }
}

it('Ctrl-C ends all that the demo has started, and leaves nothing behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'demo-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const { code, end, lines } = start([], folder)
  onTestFinished(() => end('SIGKILL'))
  const drawn = (seen: readonly string[]): boolean => seen.some(line => line.startsWith('   1 s'))
  await until(async () => lines, drawn, 60_000)
  expect(await readdir(folder)).not.toEqual([])
  const addresses = lines.flatMap(line => line.match(/http:\/\/127\.0\.0\.1:\d+/g) ?? [])
  expect(addresses).toHaveLength(3)
  expect(await Promise.all(addresses.map(answers))).toEqual([true, true, true])

  await end('SIGINT')
  expect(await code).toBe(0)
  expect(await Promise.all(addresses.map(answers))).toEqual([false, false, false])
  expect(await readdir(folder)).toEqual([])
}, 90_000)
