import { expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { read } from '../../src/kube/requests.ts'
import { autoscalers, hooks, records } from '../../src/kube/resources.ts'
import { look, makeAutoscaler } from '../support/counted.ts'
import { commandLine } from '../support/command-line.ts'
import { cluster, post, product } from '../support/product.ts'

it('a step with `for` says until when it lasts, is shown in the status, and can be ended before that', async () => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  await product(here)
  await here.createHook('web-up', { by: 2 }, { for: '2h' })
  const url = await here.url('web-up')
  const dry = await post(`${url}?dryRun=true`)
  expect(dry.body).toMatchObject({ from: 2, to: 4, until: expect.any(String) as unknown })
  expect((await post(url)).body).toMatchObject({ from: 2, to: 4, until: expect.any(String) as unknown })
  expect(await here.replicas('web')).toBe(4)
  await here.until(
    () => here.hook('web-up'),
    hook => at(hook, 'status', 'leases', 'open') === 1 && at(hook, 'status', 'leases', 'sum') === 2,
  )
  await here.patchHook('web-up', { spec: { endBefore: new Date(Date.now() + 2000).toISOString() } })
  await here.until(
    () => here.replicas('web'),
    count => count === 2,
  )
  const ended = await here.until(
    () => here.hook('web-up'),
    hook => at(hook, 'status', 'leases') === undefined && at(hook, 'status', 'lastDelivery', 'reason') === 'LeaseEnded',
  )
  expect(at(ended, 'status', 'counts', 'applied')).toBe(1)
})

it('a step ends by itself', async () => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  const { lines } = await product(here)
  await here.createHook('web-up', { by: 2 }, { for: '2s' })
  expect((await post(await here.url('web-up'))).body).toMatchObject({ from: 2, to: 4 })
  await here.until(
    () => here.replicas('web'),
    count => count === 2,
  )
  // Records were watched from the beginning, when no hook had leased anything.
  expect(lines.filter(line => line.includes('leases may end late'))).toEqual([])
})

it('describe says what is leased and until when, and `end` ends that now', async () => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  await product(here)
  await here.createHook('web-up', { by: 2 }, { for: '2h' })
  const url = await here.url('web-up')
  const run = async (line: string): Promise<string> => {
    const { code, stderr, stdout } = await commandLine(here.kubeconfig, [...line.split(' '), '-n', here.namespace])
    expect({ line, code, stderr }).toMatchObject({ line, code: 0 })
    return stdout
  }
  expect(await run('describe web-up')).toMatch(/^For: +2h: then the hook undoes the change that a post made$/m)
  expect(await run('describe web-up')).not.toContain('Leases:')
  expect(await run('end web-up')).toBe(
    'receiverhook.receiverhooks.dev/web-up ends all leases (its status shows none)\n',
  )

  // That end is for what was leased before the next second: what is leased later is for the next `end`.
  const ended = Date.parse(stringAt(await here.hook('web-up'), 'spec', 'endBefore') ?? '')
  await here.until(
    () => Promise.resolve(Date.now()),
    now => now > ended,
  )
  await post(url)
  const leased = /^Leases: +Deployment\/web \+2 until \S+ \S+ \S+, for plain$/m
  await here.until(
    () => run('describe web-up'),
    text => leased.test(text),
  )
  expect(await run('end web-up')).toBe('receiverhook.receiverhooks.dev/web-up ends 1 lease\n')
  await here.until(
    () => here.replicas('web'),
    count => count === 2,
  )
  await here.until(
    () => run('describe web-up'),
    text => text.includes('LeaseEnded') && !text.includes('Leases:'),
  )
})

it('only a hook that changes a count may have `for`, from a second to a week', async () => {
  const here = await cluster()
  const redeploy = { driver: 'redeploy', scale: undefined, redeploy: { selector: {} }, for: '1h' }
  await expect(here.createHook('a', {}, redeploy)).rejects.toThrow(/only changes to a count end by themselves/)
  for (const length of ['500ms', '169h']) {
    await expect(here.createHook('a', {}, { for: length })).rejects.toThrow(/must be from 1s to 168h/)
  }
  const ending = { ...redeploy, for: undefined, onDelete: 'end' }
  await expect(here.createHook('a', {}, ending)).rejects.toThrow(/only changes to a count end by themselves/)
})

it('what a hook with `onDelete: end` has leased ends when it is deleted, and a new hook of its name works then', async () => {
  const here = await cluster()
  const path = objectPath(hooks, here.namespace, 'floor')
  const remove = () => here.api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 5000 })
  const target = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'web', count: 'max' }
  const maximum = () => look(here, autoscalers, 'web', 'spec', 'maxReplicas')
  const record = () => read(here.api, records, here.namespace, 'floor')
  await makeAutoscaler(here, 'web', { minReplicas: 2, maxReplicas: 6 })
  await product(here)
  await here.createHook('floor', { target, by: 4 }, { for: '2h', onDelete: 'end' })
  expect((await post(await here.url('floor'))).body).toMatchObject({ from: 6, to: 10 })
  expect((await record())?.metadata.finalizers).toEqual(['receiverhooks.dev/leases'])
  expect((await remove()).status).toBe(200)
  expect(await read(here.api, hooks, here.namespace, 'floor')).toBeUndefined()
  await here.until(maximum, count => count === 6)
  await here.createHook('floor', { target, by: 3 }, { for: '2h' })
  const posted = await here.until(
    async () => await post(await here.url('floor'), undefined, { headers: { 'idempotency-key': 'again' } }),
    ({ status }) => status === 200,
  )
  expect(posted.body).toMatchObject({ from: 6, to: 9 })
  expect((await record())?.metadata.finalizers).toBeUndefined()
  expect(await maximum()).toBe(9)
})
