import { afterAll, expect, it } from 'vitest'
import { send } from '../../src/kube/requests.ts'
import { post } from '../support/product.ts'
import { closeBrowser, expectAccessible, visit } from './page.ts'
import { scaleSpec, startPlayground } from './playground.ts'

afterAll(closeBrowser)

it('hooks of one Deployment are on its page, with who wants which part of the count', async () => {
  const playground = await startPlayground()
  await playground.createHook('web-sale', { ...scaleSpec('web', { by: 2 }), for: '2h' })
  await post(await playground.url('web-up'))
  await post(await playground.url('web-sale'))
  const { faults, page } = await visit()
  await page.goto(playground.link())
  await page.getByRole('button', { name: 'Group by target' }).click()
  await page.locator('.row.group', { hasText: '4 hooks' }).getByRole('link', { name: 'Deployment/web' }).click()
  const count = page.getByRole('region', { name: 'The count of Deployment/web' })
  await count.getByRole('rowheader', { name: 'web-sale' }).waitFor()
  const cells = async (): Promise<readonly string[]> => await count.locator('tbody tr :nth-child(2)').allTextContents()
  expect(await cells()).toEqual(['2', '+1', '+2'])
  expect(await count.locator('.large').textContent()).toBe('5')
  expect(await page.getByRole('table', { name: 'Hooks that act on it' }).getByRole('row').count()).toBe(4)
  await post(await playground.url('web-up'))
  await expect.poll(cells).toEqual(['2', '+2', '+2'])
  await expectAccessible(page, 'the target')
  await page.goto(new URL('/targets/shop/Deployment/absent', page.url()).href)
  await page.getByText('There is no Deployment/absent in the namespace shop.').waitFor()
  expect(faults).toEqual([])
})

it('several hooks are suspended with one question, and with the keyboard alone', async () => {
  const playground = await startPlayground()
  const { faults, page } = await visit()
  await page.goto(playground.link())
  await page.getByLabel('Mark web-up').focus()
  await page.keyboard.press('Space')
  await page.getByLabel('Mark web-down').focus()
  await page.keyboard.press('Space')
  await page.getByRole('button', { name: 'Suspend …' }).press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Suspend these 2 hooks?' })
  await dialog.getByText('kubectl receiverhook suspend web-up web-down -n shop').waitFor()
  await expectAccessible(page, 'the question')
  await dialog.getByRole('button', { name: 'Suspend', exact: true }).press('Enter')
  await expect.poll(() => page.locator('.row .pill', { hasText: 'Suspended' }).count()).toBe(2)
  await page.getByRole('button', { name: 'Suspended', exact: true }).click()
  await expect.poll(() => page.locator('.row').count()).toBe(2)

  await page.getByLabel('Mark all hooks in the list').check()
  await page.getByRole('button', { name: 'Delete …' }).click()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByText('Type 2 to delete them.').waitFor()
  await page.getByLabel('Type how many there are, 2').fill('2')
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByText('Nothing matches').waitFor()
  expect(faults).toEqual([])
})

it('a hook is tried and run from its row, and the last menu opens upwards', async () => {
  const playground = await startPlayground()
  for (let index = 10; index < 30; index++) await playground.createHook(`z-${index}`, scaleSpec('web'))
  const { faults, page } = await visit()
  await page.goto(playground.link())
  await page.locator('.said', { hasText: '23 hooks' }).waitFor()
  await page.getByRole('button', { name: 'More for web-up' }).click()
  await page.getByRole('button', { name: 'Dry run web-up' }).click()
  await page.getByText('would go from 2 to 3', { exact: false }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'More for web-up' }).click()
  await page.getByRole('button', { name: 'Run web-up', exact: true }).click()
  await page.getByRole('button', { name: 'Run it' }).click()
  await page.locator('[data-key="shop/web-up"] .outcome', { hasText: 'applied 2 → 3' }).waitFor()

  await page.locator('.scroll').evaluate(list => list.scrollTo(0, list.scrollHeight))
  await page.getByRole('button', { name: 'More for z-29' }).click()
  const last = await page.getByRole('button', { name: 'Delete z-29' }).boundingBox()
  expect((last?.y ?? Infinity) + (last?.height ?? 0)).toBeLessThan(800)
  expect(faults).toEqual([])
})

it('what doctor knows is a page, and a pill that leads to it', async () => {
  const playground = await startPlayground()
  await playground.createHook('lost', scaleSpec('absent'))
  const { faults, page } = await visit()
  await page.goto(playground.link())
  await page.locator('[data-key="shop/lost"] .pill.bad').waitFor()
  await page.getByRole('link', { name: /^Health:/ }).click()
  const lost = page.getByRole('region', { name: 'shop/lost' })
  await lost.getByText('TargetNotFound', { exact: false }).waitFor()
  await page.getByRole('region', { name: 'In order' }).getByText('playground leads', { exact: false }).waitFor()
  await expectAccessible(page, 'the health')
  await lost.getByRole('link', { name: 'shop/lost' }).click()
  const reason = page.locator('.conditions').getByRole('link', { name: 'TargetNotFound' })
  expect(await reason.getAttribute('href')).toMatch(/\/reference\/reasons\/#targetnotfound$/)
  expect(faults).toEqual([])
})

it('a hook shows more than its last ten deliveries, by outcome, each with its answer', async () => {
  const playground = await startPlayground()
  const secret = { metadata: { name: 'ci' }, stringData: { token: 'a token of the pipeline, 32 long' } }
  await send(playground.api, { method: 'POST', path: '/api/v1/namespaces/shop/secrets', body: JSON.stringify(secret) })
  const auth = { bearer: { secretKeyRef: { name: 'ci', key: 'token' } } }
  await playground.createHook('often', { ...scaleSpec('web', { max: 6 }), auth })
  const url = await playground.url('often')
  for (let count = 0; count < 14; count++) {
    await post(url, undefined, {
      headers: { authorization: `Bearer ${secret.stringData.token}`, 'idempotency-key': `key-${count}` },
    })
  }
  const { faults, page } = await visit()
  await page.goto(playground.link())
  await page.getByRole('link', { name: 'often' }).click()
  const deliveries = page.getByRole('region', { name: 'Deliveries' })
  const lines = deliveries.locator('ol').first().locator('> li')
  await expect.poll(() => lines.count()).toBe(10)
  await deliveries.getByRole('button', { name: 'Show older ones' }).click()
  await expect.poll(() => lines.count()).toBe(14)
  await deliveries.getByLabel('Show only').selectOption('unchanged')
  await lines.first().locator('summary', { hasText: 'AtBound' }).click()
  await lines.first().getByText('AtBound').last().waitFor()
  await lines.first().getByRole('definition').getByText('Secret/ci/token', { exact: true }).waitFor()
  await expectAccessible(page, 'the history')
  expect(faults).toEqual([])
})
