import { expect, it } from 'vitest'
import { AwaitingRequests } from '../../src/trigger/awaiting.ts'
import { maxSeriesOfNamespace } from '../../src/trigger/limits.ts'
import { testEnvironment } from '../support/environment.ts'

it('a namespace has no more series of what waits than its share, and another one has its own', async () => {
  const environment = testEnvironment()
  const awaiting = new AwaitingRequests(environment)
  const hooksOf = async (namespace: string): Promise<number> => {
    const text = await environment.metrics.text()
    return text.split('\n').filter(line => line.startsWith(`receiverhooks_awaiting{namespace="${namespace}"`)).length
  }
  for (let hook = 0; hook <= maxSeriesOfNamespace; hook++)
    awaiting.add(`crowd-${hook}`, { namespace: 'crowd', hook: `h${hook}` })
  awaiting.add('one', { namespace: 'shop', hook: 'web-up' })
  expect([await hooksOf('crowd'), await hooksOf('shop')]).toEqual([maxSeriesOfNamespace, 1])
  awaiting.remove('crowd-0')
  awaiting.add('again', { namespace: 'crowd', hook: 'again' })
  expect(await hooksOf('crowd')).toBe(maxSeriesOfNamespace)
  awaiting.remove('one')
  awaiting.remove('one')
  expect(await hooksOf('shop')).toBe(0)
})

it('a hook is shown while one of its requests waits', async () => {
  const environment = testEnvironment()
  const awaiting = new AwaitingRequests(environment)
  const isShown = async (): Promise<boolean> =>
    (await environment.metrics.text()).includes('receiverhooks_awaiting{namespace="shop",hook="web-up"} 1')
  for (const uid of ['one', 'two', 'three', 'three']) awaiting.add(uid, { namespace: 'shop', hook: 'web-up' })
  awaiting.remove('one')
  awaiting.remove('one')
  expect(await isShown()).toBe(true)
  awaiting.keep((_, uid) => uid === 'three')
  expect(await isShown()).toBe(true)
  awaiting.remove('three')
  expect(await isShown()).toBe(false)
})
