import { describe, expect, it, onTestFinished } from 'vitest'
import { verdictOf } from '../../src/operations/checks.ts'
import { serveOperations } from '../../src/operations/server.ts'
import { testEnvironment } from '../support/environment.ts'

it('the second port serves healthz, readyz and metrics, and nothing else', async () => {
  const { clock, metrics } = testEnvironment()
  metrics.counter('receiverhooks_trials_total', 'Trials.', ['kind']).add({ kind: 'first' })
  let ready = false
  const checks = [
    { name: 'trigger/hooks', failure: () => undefined },
    { name: 'trigger/keys', failure: () => (ready ? undefined : 'there are none yet: start a controller') },
  ]
  const server = await serveOperations({ clock, metrics }, checks, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => server.close())
  const get = async (path: string, method = 'GET'): Promise<[number, string]> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method })
    return [response.status, await response.text()]
  }
  expect(await get('/healthz')).toEqual([200, 'ok\n'])
  const failed =
    '[+]trigger/hooks ok\n[-]trigger/keys failed: there are none yet: start a controller\nreadyz check failed\n'
  expect(await get('/readyz')).toEqual([503, failed])
  expect(await get('/readyz?verbose')).toEqual([503, failed])
  expect((await get('/metrics'))[1]).toContain('\nreceiverhooks_ready 0\n')
  ready = true
  await clock.advance(1000)
  expect(await get('/readyz')).toEqual([200, 'ok\n'])
  expect(await get('/readyz?verbose')).toEqual([200, '[+]trigger/hooks ok\n[+]trigger/keys ok\nreadyz check passed\n'])
  const [status, text] = await get('/metrics')
  expect(status).toBe(200)
  expect(text).toContain('receiverhooks_trials_total{kind="first"} 1')
  expect(text).toContain('\nreceiverhooks_ready 1\n')
  expect((await get('/'))[0]).toBe(404)
})

/** Starts a second port with one check that holds, and what it answers. */
const start = async (text: () => Promise<string> = () => Promise.resolve('metric 1\n')) => {
  const { clock, metrics } = testEnvironment()
  const server = await serveOperations({ clock, metrics: { ...metrics, text } }, [], { host: '127.0.0.1', port: 0 })
  onTestFinished(() => server.close())
  return (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${server.port}${path}`, init)
}

it.each(['/healthz', '/readyz', '/metrics'])('HEAD %s is answered as GET is, without the body', async path => {
  const ask = await start()
  const [got, head] = [await ask(path), await ask(path, { method: 'HEAD' })]
  const headersOf = ({ headers }: Response) =>
    [...headers].filter(([name]) => name.startsWith('content') || name.startsWith('cache'))
  expect([head.status, headersOf(head), await head.text()]).toEqual([200, headersOf(got), ''])
  expect(await got.text()).not.toBe('')
})

it.each(['/healthz', '/readyz', '/metrics'])('POST %s is refused, with what is taken', async path => {
  const answer = await (await start())(path, { method: 'POST', body: 'x' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
})

it('no answer says what made it, has a digest, or may be kept', async () => {
  const ask = await start()
  for (const path of ['/healthz', '/metrics', '/nothing']) {
    const { headers } = await ask(path)
    const said = ['x-powered-by', 'etag', 'cache-control', 'content-type'].map(name => headers.get(name))
    expect([path, ...said.slice(0, 3)]).toEqual([path, null, null, 'no-store'])
    expect(said[3]).toMatch(/^text\/plain; .*charset=utf-8$/)
  }
  expect((await ask('/metrics')).headers.get('content-type')).toContain('version=0.0.4')
})

it('metrics that cannot be collected are a 500 without a stack', async () => {
  const answer = await (await start(() => Promise.reject(new Error('planted'))))('/metrics')
  expect([answer.status, await answer.text()]).toEqual([500, "can't collect the metrics\n"])
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
})

describe('metrics', () => {
  /** Starts a second port whose metrics say how often they were rendered. That takes `tookMs` each time. */
  const startCounting = async (tookMs: number) => {
    const { clock, metrics } = testEnvironment()
    let rendered = 0
    const text = async (): Promise<string> => {
      const text = `metric ${++rendered}\n`
      await clock.advance(tookMs)
      return text
    }
    const server = await serveOperations({ clock, metrics: { ...metrics, text } }, [], { host: '127.0.0.1', port: 0 })
    onTestFinished(() => server.close())
    const scrape = async () => await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text()
    const scrapes = async (count: number) => [...new Set(await Promise.all(Array.from({ length: count }, scrape)))]
    return { clock, scrapes }
  }

  it('are rendered once for many scrapes at once, and for those of the next second', async () => {
    const { clock, scrapes } = await startCounting(50)
    expect(await scrapes(30)).toEqual(['metric 1\n'])
    await clock.advance(900)
    expect(await scrapes(30)).toEqual(['metric 1\n'])
    await clock.advance(100)
    expect(await scrapes(30)).toEqual(['metric 2\n'])
  })

  it('take a tenth of the time at most', async () => {
    const { clock, scrapes } = await startCounting(400)
    expect(await scrapes(1)).toEqual(['metric 1\n'])
    await clock.advance(3000)
    expect(await scrapes(1)).toEqual(['metric 1\n'])
    await clock.advance(1000)
    expect(await scrapes(1)).toEqual(['metric 2\n'])
  })
})

it.each([
  ['/%zz', 404],
  ['/healthz%2f', 404],
  ['/HEALTHZ', 404],
  ['/healthz/', 404],
])('%s is no path of its own', async (path, status) => {
  expect((await (await start())(path)).status).toBe(status)
})

it('what is only reported keeps nobody from being ready', () => {
  const records = { name: 'trigger/records', advisory: true, failure: () => 'a later version wrote one' } as const
  expect(verdictOf([records])).toEqual({
    passed: true,
    report: '[-]trigger/records failed: a later version wrote one\nreadyz check passed\n',
  })
})
