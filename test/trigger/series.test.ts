import { describe, expect, it } from 'vitest'
import { promMetrics } from '../../src/environment/metrics.ts'
import { seriesOfHooks } from '../../src/trigger/hook-series.ts'
import { maxSeries, maxSeriesOfNamespace } from '../../src/trigger/limits.ts'
import { fakeClock, settle } from '../support/clock.ts'

it('ends the series of a hook that is no more, once they have been scraped', async () => {
  const clock = fakeClock()
  const metrics = promMetrics()
  const there = new Set(['shop/web', 'shop/old'])
  const counter = seriesOfHooks(
    clock,
    { has: (namespace, name) => there.has(`${namespace}/${name}`) },
    metrics.counter('posts_total', 'Posts.', ['namespace', 'hook', 'outcome']),
  )
  for (const hook of ['web', 'old']) {
    for (const outcome of ['applied', 'skipped']) counter.add({ namespace: 'shop', hook, outcome })
  }
  const shownAfter = async (ms: number): Promise<string[]> => {
    await clock.advance(ms)
    counter.add({ namespace: '', hook: '', outcome: 'refused' })
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
  let isThere = false
  const counter = seriesOfHooks(
    clock,
    { has: () => isThere },
    metrics.counter('posts_total', 'Posts.', ['namespace', 'hook']),
  )
  counter.add({ namespace: 'shop', hook: 'web' })
  for (let look = 0; look < 3; look++) {
    await clock.advance(600_000)
    counter.add({ namespace: '', hook: '' })
    await settle()
    isThere = true
  }
  expect(await metrics.text()).toContain('posts_total{namespace="shop",hook="web"} 1')
})

describe('a counter of posts', () => {
  const setUp = () => {
    const clock = fakeClock()
    const metrics = promMetrics()
    const gone = new Set<string>()
    const counter = seriesOfHooks(
      clock,
      { has: (_namespace, name) => !gone.has(name) },
      metrics.counter('posts_total', 'Posts.', ['namespace', 'hook', 'sender', 'outcome']),
    )
    return {
      clock,
      gone,
      post: (namespace: string, hook: string) => counter.add({ namespace, hook, sender: 'plain', outcome: 'applied' }),
      shown: async () => (await metrics.text()).split('\n').filter(line => line.startsWith('posts_total{')),
    }
  }

  it('gives each namespace no more series than its part, and counts the rest without hook and sender', async () => {
    const { post, shown } = setUp()
    for (let hook = 0; hook < 3 * maxSeriesOfNamespace; hook++) post('busy', `hook-${hook}`)
    post('busy', 'hook-0')
    post('quiet', 'web')
    const lines = await shown()
    expect(lines).toHaveLength(maxSeriesOfNamespace + 2)
    expect(lines).toContain('posts_total{namespace="busy",hook="hook-0",sender="plain",outcome="applied"} 2')
    expect(lines).toContain('posts_total{namespace="quiet",hook="web",sender="plain",outcome="applied"} 1')
    const rest = `posts_total{namespace="busy",hook="",sender="",outcome="applied"} ${2 * maxSeriesOfNamespace}`
    expect(lines).toContain(rest)
  })

  it('has no more series than a scrape can bear, however many namespaces there are', async () => {
    const { post, shown } = setUp()
    for (let each = 0; each < 3 * maxSeries; each++) post(`namespace-${each}`, 'web')
    const lines = await shown()
    expect(lines).toHaveLength(maxSeries + 1)
    expect(lines).toContain(`posts_total{namespace="",hook="",sender="",outcome="applied"} ${2 * maxSeries}`)
  })

  it('gives the series of a hook that is no more to others', async () => {
    const { clock, gone, post, shown } = setUp()
    for (let hook = 0; hook < maxSeriesOfNamespace; hook++) post('busy', `hook-${hook}`)
    gone.add('hook-7')
    for (let look = 0; look < 2; look++) {
      await clock.advance(600_000)
      post('busy', 'hook-0')
      await settle()
    }
    post('busy', 'new')
    post('busy', 'newer')
    const lines = await shown()
    expect(lines.filter(line => /hook="(?:new|newer|hook-7|)"/.test(line))).toEqual([
      'posts_total{namespace="busy",hook="new",sender="plain",outcome="applied"} 1',
      'posts_total{namespace="busy",hook="",sender="",outcome="applied"} 1',
    ])
  })
})
