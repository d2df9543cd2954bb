import { describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { autoscalers } from '../../src/kube/resources.ts'
import { notification } from '../support/alertmanager.ts'
import { defineFleets, look, make, makeAutoscaler, merge } from '../support/counted.ts'
import { fleets, rafts } from '../support/fleets.ts'
import { cluster, post, postUntilDone, product, until, type Cluster, type Posted } from '../support/product.ts'

const setUp = async () => {
  const here = await cluster()
  await product(here)
  return here
}

const autoscaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'web' }
const fleet = { apiVersion: 'counts.example.com/v1', kind: 'Fleet', name: 'north' }

const answerOf = ({ body, status }: Posted): string =>
  [status, ...['outcome', 'reason', 'from', 'to'].map(member => body[member])]
    .filter(part => part !== undefined)
    .map(String)
    .join(' ')

const ready = async ({ hook, url }: Cluster, name: string): Promise<unknown> => {
  await url(name)
  const conditions = at(await hook(name), 'status', 'conditions')
  return Array.isArray(conditions) ? conditions.find(each => at(each, 'type') === 'Ready') : undefined
}

describe('an autoscaler', () => {
  it('has the least that it keeps changed, within its own bounds and those of the hook', async () => {
    const here = await setUp()
    await makeAutoscaler(here, 'web', { minReplicas: 2 })
    await here.createHook('up', { target: autoscaler, by: 3, max: 10 })
    await here.createHook('down', { target: autoscaler, action: 'down', by: 3, min: 0 })
    await here.createHook('all', { target: autoscaler, by: 3, max: 8, overshoot: 'reject' })
    await here.createHook('none', { target: autoscaler, action: 'down', by: 3, min: 0, overshoot: 'reject' })
    expect(await ready(here, 'up')).toMatchObject({ status: 'True' })
    const up = await here.url('up')
    const all = await here.url('all')
    expect(answerOf(await post(`${up}?dryRun=true`))).toBe('200 applied Stepped 2 5')
    expect(await look(here, autoscalers, 'web', 'spec', 'minReplicas')).toBe(2)
    expect(answerOf(await post(up))).toBe('200 applied Stepped 2 5')
    const refused = await post(all)
    expect(answerOf(refused)).toBe('409 rejected WouldPassBound 5')
    expect(refused.body['message']).toContain('a step up by 3 from 5 would end above what the target itself allows')
    expect(answerOf(await post(up))).toBe('200 applied Stepped 5 6')
    expect(answerOf(await post(up))).toBe('200 unchanged AtBound 6 6')
    const down = await here.url('down')
    expect(answerOf(await post(down))).toBe('200 applied Stepped 6 3')
    const tooLow = await post(await here.url('none'))
    expect(answerOf(tooLow)).toBe('409 rejected WouldPassBound 3')
    expect(tooLow.body['message']).toContain('a step down by 3 from 3 would end below what the target itself allows')
    expect(answerOf(await post(down))).toBe('200 applied Stepped 3 1')
    expect(answerOf(await post(down))).toBe('200 unchanged AtBound 1 1')
    expect(await look(here, autoscalers, 'web', 'spec')).toMatchObject({ minReplicas: 1, maxReplicas: 6 })
  })

  it('is stepped once by a named delivery, and has an alert taken back', async () => {
    const here = await setUp()
    await makeAutoscaler(here, 'web', { minReplicas: 2 })
    await here.createHook('up', { target: autoscaler, by: 2 }, { onResolved: 'undo' })
    const up = await here.url('up')
    const firing = notification('firing', 'New group')
    expect(answerOf(await post(up, firing))).toBe('200 applied Stepped 2 4')
    expect(answerOf(await post(up, firing))).toBe('200 skipped Duplicate')
    await merge(here, autoscalers, 'web', { spec: { maxReplicas: 7 } })
    const resolved = notification('resolved', 'All alerts resolved')
    expect(answerOf(await post(up, resolved))).toBe('200 applied Undone 4 2')
    expect(await look(here, autoscalers, 'web', 'spec', 'minReplicas')).toBe(2)
  })

  it('has its maximum changed by a hook that says so, no lower than its minimum', async () => {
    const here = await setUp()
    await makeAutoscaler(here, 'web', { minReplicas: 2, maxReplicas: 6 })
    const most = { ...autoscaler, count: 'max' }
    await here.createHook('up', { target: most, by: 3, max: 10 })
    await here.createHook('down', { target: most, action: 'down', by: 7, min: 1 })
    await here.createHook('floor', { target: { ...autoscaler, count: 'min' }, by: 2, max: 50 })
    expect(await ready(here, 'up')).toMatchObject({ status: 'True' })
    expect(at(await here.hook('up'), 'status', 'target')).toBe('HorizontalPodAutoscaler/web count max')
    const up = await here.url('up')
    expect(answerOf(await post(`${up}?dryRun=true`))).toBe('200 applied Stepped 6 9')
    expect(answerOf(await post(up))).toBe('200 applied Stepped 6 9')
    expect(answerOf(await post(up))).toBe('200 applied Stepped 9 10')
    expect(answerOf(await post(up))).toBe('200 unchanged AtBound 10 10')
    expect(answerOf(await post(await here.url('floor')))).toBe('200 applied Stepped 2 4')
    const down = await here.url('down')
    expect(answerOf(await post(down))).toBe('200 applied Stepped 10 4')
    expect(answerOf(await post(down))).toBe('200 unchanged AtBound 4 4')
    expect(await look(here, autoscalers, 'web', 'spec')).toMatchObject({ minReplicas: 4, maxReplicas: 4 })
  })

  it('has an alert taken back from each of its counts, whichever hook wrote last', async () => {
    const here = await setUp()
    await makeAutoscaler(here, 'web', { minReplicas: 2, maxReplicas: 6 })
    await here.createHook('floor', { target: autoscaler, by: 2, max: 50 }, { onResolved: 'undo' })
    await here.createHook(
      'ceiling',
      { target: { ...autoscaler, count: 'max' }, by: 4, max: 50 },
      { onResolved: 'undo' },
    )
    const [floor, ceiling] = [await here.url('floor'), await here.url('ceiling')]
    const [firing, resolved] = [notification('firing', 'New group'), notification('resolved', 'All alerts resolved')]
    expect(answerOf(await post(floor, firing))).toBe('200 applied Stepped 2 4')
    expect(answerOf(await post(ceiling, firing))).toBe('200 applied Stepped 6 10')
    // Somebody sets the maximum. The minimum is not said anything about.
    await merge(here, autoscalers, 'web', { spec: { maxReplicas: 12 } })
    expect(answerOf(await post(ceiling, resolved))).toBe('200 skipped SetByOthers')
    expect(answerOf(await post(floor, resolved))).toBe('200 applied Undone 4 2')
    expect(await look(here, autoscalers, 'web', 'spec')).toMatchObject({ minReplicas: 2, maxReplicas: 12 })
  })

  it('alone has a choice of counts', async () => {
    const here = await cluster()
    await expect(here.createHook('up', { target: { name: 'web', count: 'max' } })).rejects.toThrow(
      /only a HorizontalPodAutoscaler or a ScaledObject has a minimum and a maximum/,
    )
  })

  it('is named as what a hook on its workload can be aimed at instead', async () => {
    const here = await setUp()
    await here.createDeployment('web', 2)
    await makeAutoscaler(here, 'web')
    await here.createHook('up', {})
    const seen = await until(
      () => ready(here, 'up'),
      condition => at(condition, 'reason') === 'ManagedByAutoscaler',
    )
    expect(at(seen, 'message')).toMatch(/point the hook at HorizontalPodAutoscaler\/web instead/)
  })
})

describe('a custom resource that has /scale', () => {
  it('is counted where its kind says', async () => {
    const here = await setUp()
    await defineFleets(here.api)
    await make(here, fleets, 'north', { colour: 'blue' })
    await here.createHook('up', { target: fleet, by: 2, max: 5 })
    expect(await ready(here, 'up')).toMatchObject({ status: 'True' })
    const up = await here.url('up')
    expect(answerOf(await post(up))).toBe('200 applied Stepped 0 2')
    const posts = await Promise.all(Array.from({ length: 5 }, () => postUntilDone(up)))
    expect(posts.map(answerOf).filter(line => line.startsWith('200 applied'))).toHaveLength(2)
    expect(await look(here, fleets, 'north', 'spec')).toEqual({ colour: 'blue', size: 5 })
    await merge(here, fleets, 'north', { metadata: { annotations: null }, spec: { size: 0 } })
    expect(answerOf(await post(up))).toBe('200 applied Stepped 0 2')
  })

  it('that does not exist, or whose kind has none or is unknown, is reported as it is', async () => {
    const here = await setUp()
    await defineFleets(here.api)
    await make(here, rafts, 'north', { size: 1 })
    await here.createHook('missing', { target: fleet })
    await here.createHook('raft', { target: { ...fleet, kind: 'Raft' } })
    await here.createHook('unknown', { target: { ...fleet, kind: 'Kraken' } })
    expect(await ready(here, 'missing')).toMatchObject({ status: 'False', reason: 'TargetNotFound' })
    for (const [name, reason, why] of [
      ['raft', 'NotScalable', 'has no /scale'],
      ['unknown', 'TargetNotFound', 'does not know the kind Kraken (krakens.counts.example.com/v1)'],
    ] as const) {
      expect(await ready(here, name)).toMatchObject({ status: 'False', reason })
      const posted = await post(await here.url(name))
      expect(answerOf(posted)).toBe(`422 failed ${reason}`)
      expect(posted.body['message']).toContain(why)
    }
  })
})
