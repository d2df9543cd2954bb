import { afterAll, expect, it } from 'vitest'
import { post } from '../support/product.ts'
import { closeBrowser, copiedBy, expectAccessible, visit } from './page.ts'
import { startPlayground } from './playground.ts'

afterAll(closeBrowser)

it('somebody who may stops all hooks, everybody sees it, and a click lets them run again', async () => {
  const playground = await startPlayground()
  const { faults, page } = await visit()
  await page.goto(playground.link())
  await page.getByRole('link', { name: 'web-up', exact: true }).click()
  await page.getByRole('button', { name: 'Copy URL' }).click()
  await page.getByText('The URL of web-up was copied').waitFor()
  const url = await copiedBy(page)

  await page.getByRole('link', { name: 'Hooks', exact: true }).click()
  await page.getByRole('button', { name: 'Stop all hooks…' }).click()
  await page.getByRole('button', { name: 'Stop all hooks', exact: true }).click()
  await page.getByText('say why').waitFor()
  await expectAccessible(page, 'the dialog')
  await page.getByLabel('Why, for your colleagues').fill('a storm of alerts')
  await page.getByRole('button', { name: 'Stop all hooks', exact: true }).click()
  await page.getByText(/All hooks are stopped since/).waitFor()
  await page.getByRole('link', { name: 'Receiver hooks' }).click()
  await page.locator('.row').first().waitFor()
  await expectAccessible(page, 'the list')
  expect(await page.locator('.strip.bad').textContent()).toContain('a storm of alerts')
  await expect.poll(async () => (await post(url)).status).toBe(503)

  await page.getByRole('button', { name: 'Let hooks run again' }).click()
  await page.locator('.strip.bad').waitFor({ state: 'detached' })
  await expect.poll(async () => (await post(url)).status).toBe(200)
  expect(faults).toEqual([])
})
