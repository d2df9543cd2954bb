import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { post } from '../support/product.ts'
import { program } from '../support/program.ts'
import { closeBrowser, copiedBy, visit } from './page.ts'
import { startPlayground } from './playground.ts'

afterAll(closeBrowser)

/** Adds a hook, together with its opposite. */
const addWithOpposite = async (page: Page): Promise<void> => {
  await page.getByRole('link', { name: 'Add hook' }).click()
  await page.locator('#field-name').fill('shop-up')
  await page.locator('select#field-scale-target').selectOption({ label: 'Deployment/web, 2 now' })
  await page.getByLabel('up', { exact: true }).check()
  await page.locator('#field-scale-max').fill('6')
  await page.getByLabel(/Make the opposite hook too \(shop-down\)/).check()
  await page.locator('[data-verdict=accepted]').waitFor()
  expect(await page.locator('.stairs').textContent()).toContain('2 → 3 → 4 → 5 → 6')
  await page.getByRole('button', { name: 'Create' }).click()
  await page.waitForURL('**/hooks/shop/shop-up')
  await page.locator('.heading .pill.good').waitFor()
}

/** Finds the same places with back, forward, another tab, and a reload. */
const findPlacesAgain = async (context: BrowserContext, page: Page, link: string): Promise<void> => {
  await page.goBack()
  await page.getByRole('heading', { name: 'Clone shop-up' }).waitFor()
  await page.goForward()
  await page.getByRole('heading', { name: 'shop-up-copy' }).waitFor()
  const tab = await context.newPage()
  await tab.goto(new URL('/hooks/shop/shop-down', link).href)
  await tab.getByRole('heading', { name: 'shop-down' }).waitFor()
  // A sort order that does not exist is ignored, also one named like a member of every object.
  await tab.goto(new URL('/?sort=constructor', link).href)
  await tab.locator('.row').first().waitFor()
  await tab.close()
  await page.reload()
  await page.getByRole('heading', { name: 'shop-up-copy' }).waitFor()
}

/** Deletes a hook, which asks for its name. */
const deleteByName = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByLabel('Type the name, shop-up-copy').fill('shop-up')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('Type shop-up-copy to delete it.').waitFor()
  await page.getByLabel('Type the name, shop-up-copy').fill('shop-up-copy')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.locator('.tools').waitFor()
  await expect
    .poll(() => page.locator('.row .name a').allTextContents())
    .toEqual(['shop-down', 'shop-up', 'web-down', 'web-push', 'web-up'])
}

describe('the way of a person', () => {
  it('leads from the printed link to a hook that works, and to its end', async () => {
    const playground = await startPlayground()
    const { context, faults, page } = await visit()

    // The key opens the page once, and is gone from the address at once.
    const link = playground.link()
    await page.goto(link)
    await page.locator('.row').first().waitFor()
    expect(page.url()).not.toContain('key')
    expect(await page.locator('.row .name a').allTextContents()).toEqual(['web-down', 'web-push', 'web-up'])

    await addWithOpposite(page)

    // The URL is hidden until it is asked for, and copied without being shown.
    expect(await page.content()).not.toContain('/v1/trigger/')
    await page.getByRole('button', { name: 'Copy URL' }).click()
    await page.getByText('The URL of shop-up was copied').waitFor()
    const url = await copiedBy(page)
    expect(url).toMatch(/\/v1\/trigger\/eyJ/)
    expect(await page.content()).not.toContain('eyJ')

    // A post moves the bar of the open page.
    await page.getByRole('link', { name: 'Receiver hooks' }).click()
    const meter = page.locator('[data-key="shop/shop-up"] [role=meter]')
    await expect.poll(() => meter.getAttribute('aria-valuenow')).toBe('2')
    expect((await post(url)).body).toMatchObject({ outcome: 'applied', from: 2, to: 3 })
    await expect.poll(() => meter.getAttribute('aria-valuenow')).toBe('3')
    await expect.poll(() => page.locator('[data-key="shop/shop-up"] .outcome').textContent()).toBe('applied 2 → 3')

    // Try: a dry run changes nothing, a real one does, once.
    await page.getByRole('link', { name: 'shop-up' }).click()
    await page.getByRole('button', { name: 'Dry run' }).click()
    await page.getByText(/would go from 3 to 4/).waitFor()
    await page.getByRole('button', { name: 'Run it for real' }).click()
    await page.getByRole('button', { name: 'Run it', exact: true }).click()
    await page.locator('.tried', { hasText: 'went from 3 to 4' }).waitFor()

    // Edit shows what would be stored, and keeps the URL.
    await page.getByRole('button', { name: 'Edit', exact: true }).click()
    await page.locator('#field-scale-max').fill('4')
    await page.locator('[data-verdict=accepted]').waitFor()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'scale up by 1, to at most 4' }).waitFor()
    expect((await post(url)).body).toMatchObject({ outcome: 'unchanged', reason: 'AtBound' })

    // Suspend and resume.
    await page.getByRole('button', { name: 'Suspend' }).click()
    await page.locator('.heading').getByText('Suspended').waitFor()
    await expect.poll(async () => (await post(url)).body['reason']).toBe('Suspended')
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Suspend' }).waitFor()

    // Rotate: a leaked URL is cut off at once.
    await page.getByRole('button', { name: 'Rotate' }).click()
    await page.getByLabel('How long the old URL works').selectOption('0s')
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
    await expect.poll(async () => (await post(url)).status).toBe(410)

    // Clone.
    await page.getByRole('button', { name: 'Clone', exact: true }).click()
    await expect.poll(() => page.locator('#field-name').inputValue()).toBe('shop-up-copy')
    await page.locator('[data-verdict=accepted]').waitFor()
    await page.getByRole('button', { name: 'Create' }).click()
    await page.waitForURL('**/hooks/shop/shop-up-copy')

    await findPlacesAgain(context, page, link)
    await deleteByName(page)

    // A link is good once.
    await context.clearCookies()
    await page.goto('about:blank')
    await page.goto(link)
    await page.getByText('this link was already used', { exact: false }).waitFor()
    expect(faults).toEqual([])
  })

  it('goes by keys alone', async () => {
    const playground = await startPlayground()
    const { faults, page } = await visit()
    await page.goto(playground.link())
    await page.locator('.row').first().waitFor()
    await page.keyboard.press('j')
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('web-down')
    await page.keyboard.press('j')
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('web-push')
    await page.keyboard.press('j')
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('web-up')
    await page.keyboard.press('c')
    await page.getByText('The URL of web-up was copied').waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'web-up' }).waitFor()
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('H1')
    await page.keyboard.press('Escape')
    await page.locator('.tools').waitFor()
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('web-up')
    // However fast the letters follow, none of them is taken for a key of the page.
    const focused = await page.evaluate(() => {
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '/', bubbles: true }))
      return document.activeElement?.id
    })
    expect(focused).toBe('search')
    const drawn = await page.evaluate(async () => {
      const search = document.querySelector<HTMLInputElement>('#search')
      if (search === null) return undefined
      search.value = 'd'
      search.dispatchEvent(new InputEvent('input', { bubbles: true }))
      for (let turns = 0; turns < 10; turns += 1) await Promise.resolve()
      return search.value
    })
    expect(drawn).toBe('d')
    await page.keyboard.type('own')
    await expect.poll(() => page.locator('.row').count()).toBe(1)
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    await page.getByRole('dialog').getByText("copy the hook's URL").waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('n')
    await page.getByRole('heading', { name: 'Add a hook' }).waitFor()
    expect(faults).toEqual([])
  })

  it('sees at once what others change, and says when it sees nothing any more', async () => {
    const playground = await startPlayground()
    const { page } = await visit()
    await page.goto(playground.link())
    await page.locator('.row').first().waitFor()
    await playground.createHook('z-new', {
      driver: 'scale',
      scale: { target: { name: 'missing' }, action: 'up', max: 3 },
    })
    await page.locator('[data-key="shop/z-new"]').getByText('TargetNotFound').waitFor()
    await page.getByRole('button', { name: '1 needs you' }).click()
    await expect.poll(() => page.locator('.row').count()).toBe(1)
    await page.getByRole('button', { name: '1 needs you' }).click()
    playground.stopDashboard()
    await page.getByRole('dialog').getByText('Your session has ended').waitFor()
  })

  it('dims what it shows when the server is gone without a word, and throws nothing away', async () => {
    const ports = ['--api-port', '--trigger-port', '--operations-port', '--dashboard-port'].flatMap(flag => [flag, '0'])
    const playground = program(['playground', ...ports])
    const link = await playground.said(line => /http:\S+#key=\S+/.exec(line)?.[0])
    const { page } = await visit()
    await page.goto(link)
    await page.locator('.row').first().waitFor()
    await playground.end('SIGKILL')
    await page.getByText(/Connection lost .* ago; trying/).waitFor()
    // A screen reader would read an alert again each time its age changes.
    expect(await page.locator('.strip.bad [aria-hidden="true"]').textContent()).toMatch(/ ago; $/)
    expect(await page.locator('.row').count()).toBe(3)
    expect(await page.locator('main.old').count()).toBe(1)
  })
})
