import { afterAll, expect, it } from 'vitest'
import { closeBrowser, expectAccessible, visit } from './page.ts'
import { scaleSpec, startPlayground } from './playground.ts'

afterAll(closeBrowser)

it('a URL with a name is shown at once, and rotating ends only the URLs from before', async () => {
  const playground = await startPlayground()
  const oidc = {
    issuer: 'https://gitlab.com',
    audience: 'https://hooks.example.com/v1/hooks/shop/by-name',
    claims: [{ name: 'project_id', oneOf: ['7'] }],
  }
  await playground.createHook('by-name', { ...scaleSpec('web'), auth: { oidc }, token: { url: 'named' } })
  await playground.createHook('by-token', scaleSpec('web'))
  const named = await playground.url('by-name')
  await playground.url('by-token')
  const { page, faults } = await visit()
  await page.goto(playground.link())
  await page.locator('.row').first().waitFor()
  await page.goto(new URL('/hooks/shop/by-name', page.url()).href)
  const useIt = page.getByRole('region', { name: 'Use it' })
  await useIt.getByText(named, { exact: false }).first().waitFor()
  expect(await useIt.getByRole('button', { name: /^(Show with|Hide) the URL$/ }).count()).toBe(0)
  await page.getByRole('region', { name: 'Its URL' }).getByText(named).waitFor()
  await page.getByRole('button', { name: 'End old URLs …' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Only older tokens stop working', { exact: false }).waitFor()
  expect(await dialog.getByRole('heading').textContent()).toBe('End the old URLs of by-name?')
  expect(await dialog.getByRole('combobox').count()).toBe(0)
  await expectAccessible(page, 'rotate a named URL')
  await dialog.getByRole('button', { name: 'End them' }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.goto(new URL('/hooks/shop/by-token', page.url()).href)
  await useIt.getByRole('button', { name: 'Show with the URL' }).waitFor()
  expect(faults).toEqual([])
})
