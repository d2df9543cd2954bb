import { describe, expect, test } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { StuckKeys } from '../../src/controller/stuck-keys.ts'
import type { ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { hooks } from '../../src/kube/resources.ts'
import { installation, shop } from './installation.ts'

/** Starts a controller whose writes of the status of one hook are answered so, while that is said. */
const withRefused = async (status: number, message: string) => {
  const x = await installation()
  await x.createDeployment('web')
  for (const name of ['web-up', 'web-down']) await x.createHook(name)
  let refuses = true
  const isRefused = ({ method, path }: ApiRequest) => refuses && method === 'PATCH' && path.endsWith('/web-up/status')
  const answer: ApiResponse = { status, headers: {}, body: JSON.stringify({ kind: 'Status', message }) }
  const process = x.start('first', {
    before: request => (isRefused(request) ? Promise.resolve(answer) : undefined),
  })
  await x.becomes('web-down', 'Valid')
  const stuck = async () =>
    Number(/^receiverhooks_stuck_keys\{controller="receiverhook"\} (\d+)$/m.exec(await process.metrics())?.[1])
  const warnings = async () =>
    (await x.hookEvents())
      .filter(event => at(event, 'reason') === 'StatusOutdated')
      .map(event => [stringAt(event, 'regarding', 'name'), stringAt(event, 'note')])
  return { ...x, process, stuck, warnings, accept: () => void (refuses = false) }
}

describe('a hook whose status is refused', () => {
  test('is counted and has an Event after five minutes, until its status is written', async () => {
    const x = await withRefused(403, 'admission webhook "strict" denied the request: no')
    await x.pass(240_000)
    expect([await x.stuck(), await x.warnings()]).toEqual([0, []])
    await x.pass(120_000)
    expect(await x.stuck()).toBe(1)
    const [warning, ...more] = await x.warnings()
    expect([warning?.[0], more]).toEqual(['web-up', []])
    expect(warning?.[1]).toContain('"strict" denied the request: no')
    x.accept()
    await x.pass(60_000)
    expect(await x.stuck()).toBe(0)
    expect(at(await x.hook('web-up'), 'status', 'observedGeneration')).toBe(1)
  })

  test('is counted at once if it will be refused until something changes, and no longer than it is there', async () => {
    const x = await withRefused(422, 'invalid')
    await x.pass(10_000)
    expect([await x.stuck(), (await x.warnings()).map(([name]) => name)]).toEqual([1, ['web-up']])
    await x.remove(hooks, shop, 'web-up')
    await x.pass(10_000)
    expect(await x.stuck()).toBe(0)
  })

  test('is counted by nobody who does not lead', async () => {
    const x = await withRefused(422, 'invalid')
    await x.pass(10_000)
    expect(await x.stuck()).toBe(1)
    await x.process.stop()
    expect(await x.stuck()).toBe(0)
  })
})

test('a stuck key is reported once an hour', () => {
  let now = 0
  const keys = new StuckKeys({ monotonic: () => now }, () => undefined)
  const reported: number[] = []
  for (; now < 9_000_000; now += 30_000) if (keys.failed('a', false)) reported.push(now)
  expect(reported).toEqual([300_000, 3_900_000, 7_500_000])
})
