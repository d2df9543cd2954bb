import { expect, test } from 'vitest'
import { promMetrics } from '../../src/environment/metrics.ts'

test('counters, gauges and histograms appear in the Prometheus text format', async () => {
  const metrics = promMetrics()
  metrics.counter('posts_total', 'Posts.', ['outcome']).add({ outcome: 'applied' })
  metrics.counter('posts_total', 'Posts.', ['outcome']).add({ outcome: 'applied' }, 2)
  metrics.gauge('hooks', 'Hooks.', []).set({}, 7)
  metrics.histogram('seconds', 'Latency.', [], [0.1, 1]).observe({}, 0.5)
  expect((await metrics.text()).split('\n')).toEqual(
    expect.arrayContaining([
      '# HELP posts_total Posts.',
      '# TYPE posts_total counter',
      'posts_total{outcome="applied"} 3',
      'hooks 7',
      'seconds_bucket{le="0.1"} 0',
      'seconds_bucket{le="1"} 1',
      'seconds_sum 0.5',
      'seconds_count 1',
    ]),
  )
})

test('each series has its own sum, and one that was forgotten begins again', async () => {
  const metrics = promMetrics()
  const posts = metrics.counter('posts_total', 'Posts.', ['hook', 'outcome'])
  posts.add({ hook: 'a', outcome: 'applied' }, 2)
  posts.add({ hook: 'b', outcome: 'applied' })
  expect(await metrics.text()).toContain('posts_total{hook="a",outcome="applied"} 2')
  await posts.forget(({ hook }) => hook === 'a')
  expect(await metrics.text()).not.toContain('hook="a"')
  posts.add({ hook: 'a', outcome: 'applied' })
  const text = await metrics.text()
  expect(text).toContain('posts_total{hook="a",outcome="applied"} 1')
  expect(text).toContain('posts_total{hook="b",outcome="applied"} 1')
})

test('a histogram has all that was observed, however often it is asked', async () => {
  const metrics = promMetrics()
  const seconds = metrics.histogram('seconds', 'Latency.', ['outcome'], [0.1, 1])
  for (let count = 1; count <= 1000; count++) {
    seconds.observe({ outcome: count % 2 === 0 ? 'applied' : 'skipped' }, 0.5)
    if (count % 300 === 0) await metrics.text()
  }
  const text = await metrics.text()
  for (const outcome of ['applied', 'skipped']) {
    expect(text).toContain(`seconds_bucket{le="1",outcome="${outcome}"} 500`)
    expect(text).toContain(`seconds_count{outcome="${outcome}"} 500`)
  }
})

test('two environments share nothing', async () => {
  const [one, other] = [promMetrics(), promMetrics()]
  one.counter('posts_total', 'Posts.', []).add({})
  expect(await other.text()).not.toContain('posts_total')
})

test('a name cannot be two kinds of metric', () => {
  const metrics = promMetrics()
  metrics.counter('posts_total', 'Posts.', [])
  expect(() => metrics.gauge('posts_total', 'Posts.', [])).toThrow(/posts_total: already exists, as another kind/)
})

test('memory, CPU and event loop of the process are there when asked for', async () => {
  const text = await promMetrics({ process: true }).text()
  for (const name of ['process_resident_memory_bytes', 'process_cpu_seconds_total', 'nodejs_eventloop_lag_seconds']) {
    expect(text).toContain(`# TYPE ${name} `)
  }
  expect(await promMetrics().text()).not.toContain('process_')
})

test("of the process too, only counters have a counter's name, as promtool asks", async () => {
  const text = await promMetrics({ process: true }).text()
  const named = [...text.matchAll(/^# TYPE (\S+_total) (\S+)$/gm)].map(([, name, kind]) => ({ name, kind }))
  expect(named).toContainEqual({ name: 'process_cpu_seconds_total', kind: 'counter' })
  expect(named.filter(({ kind }) => kind !== 'counter')).toEqual([])
})

test('what is no number is refused where it comes from, and spoils nothing', async () => {
  const metrics = promMetrics()
  const posts = metrics.counter('posts_total', 'Posts.', ['outcome'])
  const hooks = metrics.gauge('hooks', 'Hooks.', [])
  const seconds = metrics.histogram('seconds', 'Latency.', [], [1])
  expect(() => posts.add({ outcome: 'applied' }, -1)).toThrow('posts_total: a counter only rises')
  expect(() => posts.add({ outcome: 'applied', hook: 'a' })).toThrow(/label "hook" is not included/)
  expect(() => hooks.set({}, Infinity)).toThrow('hooks: Infinity is not a number')
  expect(() => seconds.observe({}, NaN)).toThrow('seconds: NaN is not a number')
  posts.add({ outcome: 'applied' }, 0)
  seconds.observe({}, 0.5)
  const text = await metrics.text()
  for (const line of ['posts_total{outcome="applied"} 0', 'hooks 0', 'seconds_count 1']) expect(text).toContain(line)
})

test('a label is the same series as a number and as a text', async () => {
  const metrics = promMetrics()
  const hooks = metrics.gauge('hooks', 'Hooks.', ['format'])
  hooks.set({ format: 1 }, 1)
  hooks.set({ format: '1' }, 2)
  hooks.set({ format: 1 }, 3)
  expect(await metrics.text()).toContain('hooks{format="1"} 3')
})
