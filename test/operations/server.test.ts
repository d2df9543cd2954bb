import { expect, it, onTestFinished } from 'vitest'
import { verdictOf } from '../../src/operations/checks.ts'
import { serveOperations } from '../../src/operations/server.ts'
import { testEnvironment } from '../support/environment.ts'

it('the second port tells of life, readiness and metrics, and of nothing else', async () => {
  const { metrics } = testEnvironment()
  metrics.counter('receiverhooks_trials_total', 'Trials.', ['kind']).add({ kind: 'first' })
  let ready = false
  const checks = [
    { name: 'trigger/hooks', failure: () => undefined },
    { name: 'trigger/keys', failure: () => (ready ? undefined : 'there are none yet: start a controller') },
  ]
  const server = await serveOperations(metrics, checks, { host: '127.0.0.1', port: 0 })
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
  ready = true
  expect(await get('/readyz')).toEqual([200, 'ok\n'])
  expect(await get('/readyz?verbose')).toEqual([200, '[+]trigger/hooks ok\n[+]trigger/keys ok\nreadyz check passed\n'])
  const [status, text] = await get('/metrics')
  expect(status).toBe(200)
  expect(text).toContain('receiverhooks_trials_total{kind="first"} 1')
  expect((await get('/'))[0]).toBe(404)
  expect((await get('/metrics', 'POST'))[0]).toBe(404)
})

it('what is only reported keeps nobody from being ready', () => {
  const records = { name: 'trigger/records', advisory: true, failure: () => 'a later version wrote one' } as const
  expect(verdictOf([records])).toEqual({
    passed: true,
    report: '[-]trigger/records failed: a later version wrote one\nreadyz check passed\n',
  })
})
