import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { apiVersion, requestKind } from '../../src/api/names.ts'
import { collectionPath, objectPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { hooks, requests } from '../../src/kube/resources.ts'
import { post, until } from '../support/product.ts'
import { visit } from './page.ts'
import { scaleSpec, playgroundOfFile, type Playground } from './playground.ts'

let playground: Playground
playgroundOfFile(started => (playground = started))

const namespace = (name: string): Promise<void> =>
  playground.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })

const createHooks = async (where: string, count: number): Promise<void> => {
  for (let index = 0; index < count; index++) await playground.createHook(`hook-${index}`, scaleSpec('web'), where)
}

const remove = async (name: string, where = 'shop'): Promise<void> => {
  const path = objectPath(hooks, where, name)
  await playground.api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 5_000 })
}

/** Opens the list of a namespace. */
const openList = async (where = 'shop', what = '.row'): Promise<Page> => {
  const { page } = await visit()
  await page.goto(playground.link())
  await page.locator('.row').first().waitFor()
  await page.goto(new URL(`/?ns=${where}`, page.url()).href)
  await page.locator(what).first().waitFor()
  return page
}

/** Returns the label of what has the focus, or else its text. */
const focused = (page: Page): Promise<string | null | undefined> =>
  page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent)

const names = (page: Page): Promise<readonly string[]> => page.locator('.row .name a').allTextContents()

const openMenu = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('button', { name: `More for ${name}` }).click()
  await expect.poll(() => focused(page)).toBe(`Dry run ${name}`)
}

describe('an open menu', () => {
  const items = (page: Page) => page.locator('.items:popover-open')

  it('keeps the focus on its item when a delivery changes the row', async () => {
    const page = await openList()
    await openMenu(page, 'web-up')
    await page.getByRole('button', { name: 'Delete web-up' }).focus()
    await post(await playground.url('web-up'))
    await page.locator('[data-key="shop/web-up"] .outcome').waitFor()
    expect(await focused(page)).toBe('Delete web-up')
  })

  it('keeps the focus on its item when the row moves', async () => {
    await playground.createHook('z-last', scaleSpec('web'))
    await playground.url('z-last')
    const page = await openList()
    await openMenu(page, 'z-last')
    await page.getByRole('button', { name: 'Delete z-last' }).focus()
    await send(playground.api, {
      method: 'PATCH',
      path: objectPath(hooks, 'shop', 'z-last'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ spec: scaleSpec('missing') }),
    })
    await expect.poll(async () => (await names(page))[0]).toBe('z-last')
    expect(await focused(page)).toBe('Delete z-last')
    await remove('z-last')
  })

  it.each<[what: string, leave: (page: Page) => Promise<void>]>([
    ['Escape', page => page.keyboard.press('Escape')],
    ['a click on no control', page => page.getByRole('heading', { name: 'Hooks' }).click()],
    ['the focus elsewhere', page => page.locator('#search').focus()],
  ])('is closed by %s', async (_what, leave) => {
    const page = await openList()
    await openMenu(page, 'web-up')
    await leave(page)
    await expect.poll(() => items(page).count()).toBe(0)
  })

  it('is closed with its row, and stays closed for a new hook of the same name', async () => {
    await playground.createHook('a-first', scaleSpec('web'))
    const page = await openList()
    await openMenu(page, 'a-first')
    await remove('a-first')
    await page.locator('[data-key="shop/a-first"]').waitFor({ state: 'detached' })
    await playground.createHook('a-first', scaleSpec('web'))
    await page.locator('[data-key="shop/a-first"]').waitFor()
    expect(await items(page).count()).toBe(0)
    await remove('a-first')
  })
})

describe('the focus of a row that is gone', () => {
  it('goes to the row in its place, and then to the heading', async () => {
    await namespace('going')
    await createHooks('going', 3)
    const page = await openList('going')
    await page.getByRole('link', { name: 'hook-1' }).focus()
    await remove('hook-1', 'going')
    await expect.poll(() => focused(page)).toBe('hook-2')
    await remove('hook-2', 'going')
    await expect.poll(() => focused(page)).toBe('hook-0')
    await remove('hook-0', 'going')
    await expect.poll(() => focused(page)).toBe('No hooks in namespace going yet')
  })
})

describe('the focus on a decision that somebody else takes', () => {
  const decide = async (name: string): Promise<void> => {
    const path = objectPath(requests, 'shop', name)
    const request = await until(
      () => send(playground.api, { method: 'GET', path }),
      seen => at(seen, 'status', 'effect', 'digest') !== undefined,
    )
    const decision = { is: 'Denied', by: 'bert', effect: at(request, 'status', 'effect', 'digest') }
    const body = JSON.stringify({ spec: { decision } })
    await send(playground.api, { method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
  }

  it('goes to the heading of the other requests, and then to that of the page', async () => {
    await playground.createHook('asked', { ...scaleSpec('web'), approval: { within: '15m' } })
    for (const name of ['asked-1', 'asked-2']) {
      const spec = { hook: 'asked', by: { user: 'ann' } }
      const request = { apiVersion, kind: requestKind, metadata: { name }, spec }
      await playground.create(collectionPath(requests, 'shop'), request)
    }
    const page = await openList()
    await page.getByRole('link', { name: 'asked' }).click()
    const approve = page.getByRole('button', { name: 'Approve …' })
    await approve.first().focus()
    await decide('asked-1')
    await expect.poll(() => focused(page)).toBe('Waiting for approval')
    await approve.first().focus()
    await decide('asked-2')
    await expect.poll(() => focused(page)).toBe('asked')
  })
})

it('the focus goes to the heading when a dialog ends after the row from which it was opened', async () => {
  await playground.createHook('a-doomed', scaleSpec('web'))
  const page = await openList()
  const row = page.locator('[data-key="shop/a-doomed"]')
  await page.route('**/api/hooks/shop/a-doomed', async route => {
    const response = await route.fetch()
    await row.waitFor({ state: 'detached' })
    await route.fulfill({ response })
  })
  await openMenu(page, 'a-doomed')
  await page.getByRole('button', { name: 'Delete a-doomed' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Type the name, a-doomed').fill('a-doomed')
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await dialog.waitFor({ state: 'detached' })
  await expect.poll(() => focused(page)).toBe('Hooks')
})

describe('a list', () => {
  it('is shown with its search after the deletion of a hook on its own page', async () => {
    await playground.createHook('z-doomed', scaleSpec('web'))
    const page = await openList()
    await page.locator('#search').fill('z-')
    await page.getByRole('link', { name: 'z-doomed' }).click()
    await page.getByRole('heading', { name: 'z-doomed' }).waitFor()
    await page.getByRole('button', { name: 'Delete' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Type the name, z-doomed').fill('z-doomed')
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await page.locator('.tools').waitFor()
    expect(await page.locator('#search').inputValue()).toBe('z-')
  })

  it('that began without hooks fills a high window', async () => {
    await namespace('filling')
    const page = await openList('filling', 'h1')
    await page.setViewportSize({ width: 1280, height: 2_400 })
    await page.getByRole('heading', { name: 'No hooks in namespace filling yet' }).waitFor()
    await createHooks('filling', 60)
    await page.getByText('60 hooks').waitFor()
    await expect.poll(() => page.locator('.row').count()).toBeGreaterThan(45)
  })

  it('of another namespace begins with its first hook', async () => {
    await namespace('long')
    await createHooks('long', 80)
    const page = await openList('long')
    await page.getByText('80 hooks').waitFor()
    await page.locator('.scroll').evaluate(box => (box.scrollTop = box.scrollHeight))
    await page.locator('[data-key="long/hook-79"]').waitFor()
    await page.locator('select#namespace').selectOption('shop')
    await expect.poll(() => names(page)).toContain('web-up')
    await page.locator('select#namespace').selectOption('long')
    await expect.poll(async () => (await names(page))[0]).toBe('hook-0')
    expect(await page.locator('.scroll').evaluate(box => box.scrollTop)).toBe(0)
  })
})
