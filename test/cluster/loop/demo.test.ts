import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { spawnOwned } from '../../support/owned-process.ts'
import { until } from '../../support/product.ts'

/** Starts the demo in a process of its own, with what it has printed so far. */
const start = (args: readonly string[], folder = tmpdir()) => {
  const command = [`TMPDIR=${folder}`, process.execPath, 'scripts/demo/autoscaling.ts', ...args]
  const { child, end } = spawnOwned('env', command, { stdout: 'pipe', stderr: 'inherit' })
  const lines: string[] = []
  if (!child.stdout) throw new Error('its output is to be a pipe')
  createInterface({ input: child.stdout }).on('line', line => void lines.push(line))
  const code = new Promise<number | null>(resolve => child.once('exit', resolve))
  return { lines, code, end }
}

const runs = [
  { what: 'with the real Prometheus and Alertmanager', args: [], says: 'Prometheus is at http' },
  { what: 'with a stand-in for both, which it says', args: ['--stand-in'], says: 'A small stand-in plays' },
  { what: 'with pods that need 6 s', args: ['--pods-need', '6s'], says: 'Prometheus is at http' },
  {
    what: 'with pods that need 6 s, and a cooldown that is a little longer',
    args: ['--pods-need', '6s', '--cooldown', '7s'],
    says: 'Prometheus is at http',
  },
]

/** Returns the steps of both hooks, as [from, to]. */
const stepsIn = (lines: readonly string[]): readonly (readonly [number, number])[] =>
  lines
    .flatMap(line => [...line.matchAll(/web-(?:up|down): (\d+) → (\d+)/g)])
    .map(([, from, to]) => [Number(from), Number(to)])

describe('the demo', () => {
  /** What each has printed, and how it ended. */
  const ended = new Map<string, { readonly lines: readonly string[]; readonly code: number | null }>()

  const once = async (args: readonly string[]) => {
    const { code, lines } = start([...args, '--once'])
    return { lines, code: await code }
  }
  // They take their time, but little else.
  beforeAll(async () => {
    await Promise.all(runs.map(async ({ args, what }) => void ended.set(what, await once(args))))
  }, 240_000)

  // How many pods come on top of those that are needed is up to how fast the machine is: see demo/pace.test.ts.
  it.each(runs)('$what goes up to as many pods as it takes and down to 2 again', async ({ args, says, what }) => {
    const first = ended.get(what)
    // A test that is tried again runs it again.
    ended.delete(what)
    const { code, lines } = first ?? (await once(args))
    expect(code).toBe(0)
    expect(lines.some(line => line.startsWith(says))).toBe(true)
    const steps = stepsIn(lines)
    expect(steps.map(([from]) => from)).toEqual([2, ...steps.map(([, to]) => to).slice(0, -1)])
    expect(steps.filter(([from, to]) => Math.abs(to - from) !== 1)).toEqual([])
    expect(Math.max(...steps.map(([, to]) => to))).toBeGreaterThanOrEqual(5)
    expect(steps.at(-1)?.[1]).toBe(2)
    for (const hook of ['web-up', 'web-down']) {
      expect(lines.some(line => line.endsWith(`${hook}: Resolved`))).toBe(true)
    }
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
  const drawn = (seen: readonly string[]): boolean => seen.some(line => line.startsWith('  1 s'))
  await until(async () => lines, drawn, 60_000)
  expect(await readdir(folder)).not.toEqual([])
  const addresses = lines.flatMap(line => line.match(/http:\/\/127\.0\.0\.1:\d+/g) ?? [])
  expect(addresses).toHaveLength(3)
  expect(await Promise.all(addresses.map(answers))).toEqual([true, true, true])

  await end('SIGINT')
  expect(await code).toBe(0)
  expect(await Promise.all(addresses.map(answers))).toEqual([false, false, false])
  expect(await readdir(folder)).toEqual([])
})
