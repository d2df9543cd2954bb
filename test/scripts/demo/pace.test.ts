import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { exampleThresholds } from '../../../scripts/demo/examples.ts'
import { intervals, little, much } from '../../../scripts/demo/pace.ts'
import { countIn, type Seen } from '../../../scripts/demo/shop.ts'
import { stepOf, type Alert } from '../../../scripts/demo/stand-in.ts'

/** How long it takes until a pod that is ready shows in what the rule sees: a scrape and an evaluation. */
const showsAfterMs = 700

interface Day {
  readonly maxPods: number
  /** From the first step until the alert was over. */
  readonly tookSeconds: number
}

/** Returns the result of a load that rises, if nothing is ever late. */
const dayOf = (podsNeedMs: number, cooldownMs: number): Day => {
  let seen: readonly Seen[] = [{ at: -Infinity, replicas: 2 }]
  let alert: Alert | undefined
  let steppedAt = -Infinity
  for (let now = 0; now < 120_000; now += 100) {
    const { ready } = countIn(seen, now - podsNeedMs - showsAfterMs)
    const step = stepOf(alert, much / ready > exampleThresholds().busy, now, intervals)
    alert = step.alert
    const replicas = seen.at(-1)?.replicas ?? 0
    if (step.why === 'all alerts resolved') {
      return { maxPods: replicas, tookSeconds: Math.round((now - (seen[1]?.at ?? NaN)) / 1000) }
    }
    if (step.why === undefined || now - steppedAt < cooldownMs) continue
    steppedAt = now
    seen = [...seen, { at: now, replicas: replicas + 1 }]
  }
  throw new Error('the alert goes on')
}

/** The rows of the page's table of pods that start slowly. */
const rows = [
  ...readFileSync('docs/how-to/autoscale-with-alertmanager.md', 'utf8').matchAll(
    /^\| (?<podsNeed>no time|\d+ s) \| (?<cooldown>none|\d+ s) \| (?<maxPods>\d+) \| (?<took>\d+ s) \|$/gm,
  ),
].map(({ groups = {} }) => ({ ...groups }))

const msOf = (text = ''): number => (parseFloat(text) || 0) * 1000

it('the page says it of pods that need no time, and of slow ones with and without a cooldown', () => {
  expect(rows.length).toBeGreaterThan(3)
})

it.each(rows)(
  'with pods that need $podsNeed and a cooldown of $cooldown there are $maxPods at most, for $took',
  ({ cooldown, maxPods, podsNeed, took }) => {
    const day = dayOf(msOf(podsNeed), msOf(cooldown))
    expect([`${day.maxPods}`, `${day.tookSeconds} s`]).toEqual([maxPods, took])
  },
)

it('two pods have a quiet time with little to do, and neither four nor less can do much', () => {
  const { busy, idle } = exampleThresholds()
  expect(little / 2).toBeGreaterThan(idle)
  expect(little / 2).toBeLessThan(busy)
  expect(much / 4).toBeGreaterThan(busy)
  expect(much / 5).toBeLessThan(busy)
})
