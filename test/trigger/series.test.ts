import { expect, it } from 'vitest'
import { promMetrics } from '../../src/environment/metrics.ts'
import { seriesEnder } from '../../src/trigger/record.ts'
import { fakeClock, settle } from '../support/clock.ts'

it('ends the series of a hook that is no more, once they have been scraped', async () => {
  const clock = fakeClock()
  const metrics = promMetrics()
  const counter = metrics.counter('posts_total', 'Posts.', ['namespace', 'hook', 'outcome'])
  const there = new Set(['shop/web', 'shop/old'])
  const endSeries = seriesEnder(clock, counter, { has: (namespace, name) => there.has(`${namespace}/${name}`) })
  for (const hook of ['web', 'old']) {
    for (const outcome of ['applied', 'skipped']) counter.add({ namespace: 'shop', hook, outcome })
  }
  counter.add({ namespace: '', hook: '', outcome: 'refused' })

  const shownAfter = async (ms: number): Promise<string[]> => {
    await clock.advance(ms)
    endSeries()
    await settle()
    return [...(await metrics.text()).matchAll(/hook="(\w*)"/g)].map(([, hook = '']) => hook)
  }
  there.delete('shop/old')
  expect(await shownAfter(60_000)).toEqual(['web', 'web', 'old', 'old', ''])
  expect(await shownAfter(600_000)).toEqual(['web', 'web', 'old', 'old', ''])
  expect(await shownAfter(599_999)).toEqual(['web', 'web', 'old', 'old', ''])
  expect(await shownAfter(1)).toEqual(['web', 'web', ''])
})

it('keeps those of a hook that was made again meanwhile', async () => {
  const clock = fakeClock()
  const metrics = promMetrics()
  const counter = metrics.counter('posts_total', 'Posts.', ['namespace', 'hook'])
  let isThere = false
  const endSeries = seriesEnder(clock, counter, { has: () => isThere })
  counter.add({ namespace: 'shop', hook: 'web' })
  for (let look = 0; look < 3; look++) {
    await clock.advance(600_000)
    endSeries()
    await settle()
    isThere = true
  }
  expect(await metrics.text()).toContain('posts_total{namespace="shop",hook="web"} 1')
})
