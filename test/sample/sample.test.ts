import { afterEach, describe, expect, it } from 'vitest'
import type { Outbound } from '../../src/environment/environment.ts'
import { promMetrics } from '../../src/environment/metrics.ts'
import { visit } from '../../deploy/examples/tutorial/shop/customers.ts'
import { openShop, type Shop } from '../../deploy/examples/tutorial/shop/shop.ts'
import { fakeClock } from '../support/clock.ts'

describe('the shop', () => {
  let shop: Shop | undefined
  afterEach(() => shop?.close())

  it('counts its visits, and nothing else', async () => {
    shop = await openShop(promMetrics(), 'web-1', { host: '127.0.0.1', port: 0 })
    const get = async (path: string) => await (await fetch(`http://127.0.0.1:${shop?.port}${path}`)).text()
    expect(await get('/metrics')).toContain('web_requests_total 0\n')
    expect(await get('/')).toBe('Welcome! web-1 serves you.\n')
    expect(await get('/?again')).toBe('Welcome! web-1 serves you.\n')
    expect(await get('/healthz')).toBe('ok\n')
    expect(await get('/elsewhere')).toBe('here are /, /metrics and /healthz\n')
    expect(await get('/metrics')).toContain('web_requests_total 2\n')
  })
})

describe('customers', () => {
  it('come at their rate, report a failure once, and stop', async () => {
    const clock = fakeClock()
    const stop = new AbortController()
    let status = 200
    let visits = 0
    const outbound: Outbound = () => {
      visits += 1
      return Promise.resolve({ status, headers: {}, body: '' })
    }
    const lines: string[] = []
    const customers = { url: 'http://web', perSecond: 10 }
    const done = visit(customers, { clock, outbound, print: line => void lines.push(line) }, stop.signal)
    const pass = (seconds: number): Promise<void> => clock.advance(seconds * 1000)
    await pass(2)
    expect(visits).toBeGreaterThanOrEqual(20)
    expect(visits).toBeLessThanOrEqual(21)
    status = 503
    await pass(1)
    status = 200
    await pass(1)
    expect(lines).toEqual(['visits fail: the answer was 503', 'visits succeed again'])
    stop.abort()
    await pass(1)
    await done
    const before = visits
    await pass(1)
    expect(visits).toBe(before)
  })

  it('wait where the shop does not answer', async () => {
    const clock = fakeClock()
    const stop = new AbortController()
    let visits = 0
    const outbound: Outbound = () => {
      visits += 1
      return new Promise(() => undefined)
    }
    const customers = { url: 'http://web', perSecond: 100 }
    void visit(customers, { clock, outbound, print: () => undefined }, stop.signal)
    await clock.advance(2000)
    stop.abort()
    expect(visits).toBe(50)
  })
})
