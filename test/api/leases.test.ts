import { expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
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
  await product(here)
  await here.createHook('web-up', { by: 2 }, { for: '2s' })
  expect((await post(await here.url('web-up'))).body).toMatchObject({ from: 2, to: 4 })
  await here.until(
    () => here.replicas('web'),
    count => count === 2,
  )
})

it('only a hook that changes a count may have `for`, from a second to a week', async () => {
  const here = await cluster()
  const redeploy = { driver: 'redeploy', scale: undefined, redeploy: { selector: {} }, for: '1h' }
  await expect(here.createHook('a', {}, redeploy)).rejects.toThrow(/only a change of a count ends by itself/)
  for (const length of ['500ms', '169h']) {
    await expect(here.createHook('a', {}, { for: length })).rejects.toThrow(/must be from 1s to 168h/)
  }
})
