import { afterAll, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { deployments, post } from '../support/product.ts'
import { closeBrowser, expectAccessible, visit } from './page.ts'
import { scaleSpec, startPlayground } from './playground.ts'

afterAll(closeBrowser)

it('somebody sees what a hook has leased and until when, and ends it after a question', async () => {
  const playground = await startPlayground()
  const replicas = async (): Promise<unknown> =>
    at(await send(playground.api, { method: 'GET', path: objectPath(deployments, 'shop', 'web') }), 'spec', 'replicas')
  await playground.createHook('web-sale', { ...scaleSpec('web', { by: 2 }), for: '2h' })
  const url = await playground.url('web-sale')
  await expect.poll(async () => (await post(url)).status).toBe(200)
  expect(await replicas()).toBe(4)

  const { faults, page } = await visit()
  await page.goto(playground.link())
  await page.getByRole('link', { name: 'web-sale', exact: true }).click()
  const leases = page.getByRole('region', { name: 'Leases' })
  await leases.getByText('+2 on Deployment/web').waitFor()
  expect(await leases.textContent()).toMatch(/until .+ \(in 1h\)/)
  await expectAccessible(page, 'the page of a hook that leases')

  await leases.getByRole('button', { name: 'End now' }).click()
  await expectAccessible(page, 'the dialog')
  await page.getByRole('dialog').getByText('kubectl receiverhook end web-sale -n shop').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'End now' }).click()
  await expect.poll(replicas).toBe(2)
  await leases.waitFor({ state: 'detached' })
  expect(faults).toEqual([])
}, 90_000)

it('the form offers a time for what changes a count, and says what it has to outlast', async () => {
  const playground = await startPlayground()
  const { faults, page } = await visit()
  await page.goto(playground.link())
  await page.getByRole('link', { name: 'Add hook' }).click()
  await page.getByText('When it runs').click()
  const field = page.getByLabel('For how long')
  await field.fill('2 hours')
  await page.getByText("at least three times the sender's repeat interval", { exact: false }).waitFor()
  await page.getByText('must be a duration', { exact: false }).first().waitFor()
  await field.fill('2h')
  await page.getByText('must be a duration', { exact: false }).waitFor({ state: 'detached' })
  await field.fill('')
  await page.getByLabel('What it does').selectOption('restart')
  await field.waitFor({ state: 'detached' })
  expect(faults).toEqual([])
}, 90_000)
