import { describe, expect, it, onTestFinished } from 'vitest'
import { nodeClock } from '../../../src/environment/node.ts'
import { refusal } from '../../../src/trigger/answer.ts'
import { serveTrigger } from '../../../src/trigger/http.ts'
import type { Preflight } from '../../../src/trigger/preflight.ts'
import { testEnvironment } from '../../support/environment.ts'

/** Serves a trigger whose endpoint nothing is to reach. */
const serve = async () => {
  const preflight: Preflight = ({ method, token }) => {
    if (token === undefined) return refusal(404, 'UnknownToken')
    return method === 'POST' ? undefined : refusal(405, 'MethodNotAllowed')
  }
  const endpoint = (): Promise<never> => Promise.reject(new Error('nothing is to run'))
  const { log } = testEnvironment()
  const server = await serveTrigger({ endpoint, preflight, clock: nodeClock, log }, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => server.drain())
  return { ...server, url: `http://127.0.0.1:${server.port}/v1/trigger/TOKEN` }
}

describe('to somebody who opens an address in a browser the trigger', () => {
  const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }
  const ask = async (url: string, init: RequestInit = {}) => {
    const response = await fetch(url, init)
    const { headers, status } = response
    return { status, allow: headers.get('allow'), type: headers.get('content-type'), text: await response.text() }
  }

  it('says in a plain line what its front is for', async () => {
    const { port } = await serve()
    const { status, text, type } = await ask(`http://127.0.0.1:${port}/`, { headers: browser })
    expect({ status, type }).toEqual({ status: 200, type: 'text/plain; charset=utf-8' })
    expect(text).toMatch(/^Receiver Hooks: [^\n]+\n$/)
    expect((await ask(`http://127.0.0.1:${port}/`, { method: 'HEAD' })).status).toBe(200)
    expect((await ask(`http://127.0.0.1:${port}/`, { method: 'POST' })).status).toBe(404)
    expect((await ask(`http://127.0.0.1:${port}/other`, { headers: browser })).status).toBe(404)
  })

  it('shows the curl for a URL of a hook, the same for every token, and repeats none', async () => {
    const { url } = await serve()
    const answer = await ask(url, { headers: browser })
    expect(answer).toMatchObject({ status: 405, allow: 'POST', type: 'text/plain; charset=utf-8' })
    expect(answer.text).toContain("curl -X POST 'URL'")
    expect(answer.text).not.toContain('TOKEN')
    expect(await ask(url.replace('TOKEN', 'OTHER'), { headers: browser })).toEqual(answer)
  })

  it.each([
    ['no browser', { headers: { accept: '*/*' } }],
    ['another method', { method: 'PUT', headers: browser }],
  ])('answers %s with the reason, as any program', async (_who, init) => {
    const { url } = await serve()
    const { text, ...answer } = await ask(url, init)
    expect(answer).toEqual({ status: 405, allow: 'POST', type: 'application/json; charset=utf-8' })
    expect(text).toContain('MethodNotAllowed')
  })
})
