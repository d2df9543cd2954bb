import type { Page } from 'playwright-core'
import { afterAll, expect, it } from 'vitest'
import { objectPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { closeBrowser, visit } from './page.ts'
import { scaleSpec, startPlayground } from './playground.ts'

afterAll(closeBrowser)

/** Resolves when the page has handled a later answer than those before, and has drawn what they have changed. */
const drawn = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    await (await fetch('/')).text()
    for (let frames = 0; frames < 2; frames += 1) await new Promise(resolve => requestAnimationFrame(resolve))
  })

it('offers nothing for an earlier choice, whose answer comes late', async () => {
  const playground = await startPlayground()
  const { page } = await visit()
  const { promise: asked, resolve: noteAsked } = Promise.withResolvers<undefined>()
  const { promise: held, resolve: letGo } = Promise.withResolvers<undefined>()
  await page.route('**/targets?driver=scale', async route => {
    noteAsked(undefined)
    await held
    await route.continue()
  })
  await page.goto(playground.link())
  await page.locator('.row').first().waitFor()
  await page.getByRole('link', { name: 'Add hook' }).click()
  await asked
  const answered = page.waitForResponse('**/targets?driver=scale')
  const offered = page.waitForResponse('**/targets?driver=scaleNodes')
  await page.getByLabel('What it does').selectOption('scaleNodes')
  await offered
  const kind = page.getByLabel('Kind', { exact: true })
  await kind.waitFor()
  letGo(undefined)
  await (await answered).finished()
  await drawn(page)
  expect(await kind.count()).toBe(1)
}, 90_000)

it('shows the hook as it is, although an earlier read of it is answered last', async () => {
  const playground = await startPlayground()
  await playground.createHook('web-late', scaleSpec('web', { max: 7 }))
  await playground.url('web-late')
  const { page } = await visit()
  await page.goto(playground.link())
  await page.getByRole('link', { name: 'web-late', exact: true }).waitFor()
  const { promise: isRead, resolve: noteRead } = Promise.withResolvers<undefined>()
  const { promise: held, resolve: letGo } = Promise.withResolvers<undefined>()
  let reads = 0
  await page.route('**/api/hooks/shop/web-late', async route => {
    reads += 1
    if (reads > 1) return await route.continue()
    const response = await route.fetch()
    noteRead(undefined)
    await held
    await route.fulfill({ response })
  })
  await page.getByRole('link', { name: 'web-late', exact: true }).click()
  await isRead
  await send(playground.api, {
    method: 'PATCH',
    path: objectPath(hooks, 'shop', 'web-late'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ spec: { scale: { max: 9 } } }),
  })
  await page.locator('summary', { hasText: 'YAML' }).click()
  const yaml = page.getByLabel('The hook as YAML')
  await yaml.getByText('max: 9').waitFor()
  const last = page.waitForResponse('**/api/hooks/shop/web-late')
  letGo(undefined)
  await (await last).finished()
  await drawn(page)
  expect(await yaml.textContent()).toContain('max: 9')
}, 90_000)

it('stays signed in although a request of the session before is refused last', async () => {
  const playground = await startPlayground()
  const { page } = await visit()
  const { promise: asked, resolve: noteAsked } = Promise.withResolvers<undefined>()
  const { promise: held, resolve: letGo } = Promise.withResolvers<undefined>()
  let reads = 0
  await page.route('**/api/stop', async route => {
    reads += 1
    if (reads > 1) return await route.continue()
    noteAsked(undefined)
    await held
    await route.fulfill({ status: 401, json: { reason: 'NotSignedIn', message: 'the session has ended' } })
  })
  await page.goto(playground.link())
  await page.locator('.row').first().waitFor()
  await asked
  const known = page.waitForResponse('**/api/me')
  await page.evaluate(hash => void (location.hash = hash), new URL(playground.link()).hash)
  await (await known).finished()
  await drawn(page)
  const late = page.waitForResponse(answer => answer.url().endsWith('/api/stop') && answer.status() === 401)
  letGo(undefined)
  await (await late).finished()
  await drawn(page)
  expect(await page.getByRole('dialog').count()).toBe(0)
}, 90_000)

it('keeps a dialog that is opened again before the page has been drawn without it', async () => {
  const playground = await startPlayground()
  const { page } = await visit()
  await page.goto(playground.link())
  const stop = page.getByRole('button', { name: 'Stop all hooks…' })
  await stop.click()
  await page.getByRole('dialog').waitFor()
  await drawn(page)
  await stop.evaluate(async (button: HTMLElement) => {
    document.querySelector('dialog')?.dispatchEvent(new Event('cancel', { cancelable: true }))
    while (document.querySelector('dialog') !== null) await Promise.resolve()
    button.click()
  })
  await drawn(page)
  await drawn(page)
  expect(await page.getByRole('dialog').count()).toBe(1)
}, 90_000)
