import { expect, it, onTestFinished } from 'vitest'
import { serveOperations } from '../../src/operations/server.ts'
import { testEnvironment } from '../support/environment.ts'

it('the second port tells of life, readiness and metrics, and of nothing else', async () => {
  const { metrics } = testEnvironment()
  metrics.counter('receiverhooks_trials_total', 'Trials.', ['kind']).add({ kind: 'first' })
  let ready = false
  const server = await serveOperations(metrics, () => ready, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => server.close())
  const get = async (path: string, method = 'GET'): Promise<[number, string]> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method })
    return [response.status, await response.text()]
  }
  expect(await get('/healthz')).toEqual([200, 'ok\n'])
  expect(await get('/readyz')).toEqual([503, 'not ready\n'])
  ready = true
  expect(await get('/readyz?verbose')).toEqual([200, 'ok\n'])
  const [status, text] = await get('/metrics')
  expect(status).toBe(200)
  expect(text).toContain('receiverhooks_trials_total{kind="first"} 1')
  expect((await get('/'))[0]).toBe(404)
  expect((await get('/metrics', 'POST'))[0]).toBe(404)
})
