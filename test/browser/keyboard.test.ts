import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { post } from '../support/product.ts'
import { visit } from './page.ts'
import { playgroundOfFile, type Playground } from './playground.ts'

let playground: Playground
playgroundOfFile(started => (playground = started))

/** How many times Tab is pressed at most to reach something. */
const maxTabs = 80

/** Returns the label of what has the focus, or else its text. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement: shown } = document
    if (shown === null || shown === document.body) return ''
    const hasLabel = shown instanceof HTMLInputElement || shown instanceof HTMLSelectElement
    const label = hasLabel ? shown.labels?.[0]?.textContent : undefined
    return (shown.getAttribute('aria-label') ?? label ?? shown.textContent).trim().slice(0, 40)
  })

/** Returns why nobody sees what has the focus. Undefined if it is seen, and if the focus is nowhere. */
const unseen = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => {
    const { activeElement: shown } = document
    if (shown === null || shown === document.body) return undefined
    const { bottom, height, left, right, top, width } = shown.getBoundingClientRect()
    const points = [left + 3, (left + right) / 2, right - 3].flatMap(x =>
      [top + 3, (top + bottom) / 2, bottom - 3].map(y => [x, y]),
    )
    const isOnTop = points.some(([x = 0, y = 0]) => shown.contains(document.elementFromPoint(x, y)))
    // A row is framed by a pseudo-element of its link.
    const [own, after] = [getComputedStyle(shown), getComputedStyle(shown, '::after')]
    const isFramed = parseFloat(own.outlineWidth) > 0 && own.outlineStyle !== 'none'
    const isRow = after.position === 'absolute' && parseFloat(after.borderTopWidth) > 0
    const why = [
      ...(width > 0 && height > 0 && isOnTop ? [] : ['is hidden']),
      ...(isFramed || isRow ? [] : ['has no frame']),
    ].join(', ')
    return why === '' ? undefined : `${shown.outerHTML.slice(0, 120)} ${why}`
  })

/** Presses Tab until something with this label has the focus. All on the way has to be seen when it has the focus. */
const tabTo = async (page: Page, label: string | RegExp, key = 'Tab'): Promise<void> => {
  const passed: string[] = []
  for (let tabs = 0; tabs < maxTabs; tabs++) {
    await page.keyboard.press(key)
    expect(await unseen(page)).toBeUndefined()
    const now = await focused(page)
    if (typeof label === 'string' ? now === label : label.test(now)) return
    passed.push(now)
  }
  throw new Error(`Tab does not reach ${String(label)}, but ${passed.join(' | ')}`)
}

/** Opens a dialog by what has the focus, and closes it. The focus is in it, and returns. */
const openAndEscape = async (page: Page): Promise<void> => {
  const opener = await focused(page)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  expect(await page.evaluate(() => document.activeElement?.closest('dialog') !== null)).toBe(true)
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await expect.poll(() => focused(page)).toBe(opener)
}

/** Signs in with a link that is pasted. */
const signIn = async (page: Page): Promise<void> => {
  const link = playground.link()
  await page.goto(new URL('/', link).href)
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await tabTo(page, 'Or paste it here')
  await page.keyboard.insertText(link)
  await page.keyboard.press('Enter')
  await page.locator('.row').first().waitFor()
  await expect.poll(() => focused(page)).toBe('Hooks')
}

/** Adds a hook in the form. */
const add = async (page: Page): Promise<void> => {
  await tabTo(page, 'Add hook')
  await page.keyboard.press('Enter')
  await expect.poll(() => focused(page)).toBe('Name *')
  await page.keyboard.insertText('by-key')
  await tabTo(page, 'Workload *')
  await page.keyboard.press('ArrowDown')
  await tabTo(page, 'up')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowUp')
  await tabTo(page, 'Maximum *')
  await page.keyboard.insertText('6')
  await page.locator('[data-verdict=accepted]').waitFor()
  await tabTo(page, 'Create')
  await page.keyboard.press('Space')
  await page.waitForURL('**/hooks/shop/by-key')
  await page.locator('.heading .pill.good').waitFor()
}

describe('with a keyboard alone, a person', () => {
  it('adds a hook and runs it', async () => {
    const { faults, page } = await visit()
    await signIn(page)
    await add(page)
    await expect.poll(() => focused(page)).toBe('by-key')
    await tabTo(page, 'Run it for real …')
    await openAndEscape(page)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    if ((await focused(page)) !== 'Run it') await tabTo(page, 'Run it')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.locator('.tried', { hasText: 'went from 2 to 3' }).waitFor()
    expect(await focused(page)).toBe('Run it for real …')
    // The list puts the focus on the hook from which the person comes.
    await page.keyboard.press('Escape')
    await expect.poll(() => focused(page)).toBe('by-key')
    expect(faults).toEqual([])
  })

  it('finds each item of a menu, which gives the focus back', async () => {
    const { faults, page } = await visit()
    await signIn(page)
    await tabTo(page, 'More for web-up')
    await page.keyboard.press('Enter')
    await expect.poll(() => focused(page)).toBe('Dry run web-up')
    await page.keyboard.press('Escape')
    await expect.poll(() => focused(page)).toBe('More for web-up')
    await page.keyboard.press('Space')
    await expect.poll(() => focused(page)).toBe('Dry run web-up')
    await page.keyboard.press('ArrowDown')
    expect(await focused(page)).toBe('Run web-up')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowUp')
    expect(await focused(page)).toBe('Delete web-up')
    expect(await unseen(page)).toBeUndefined()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => focused(page)).toBe('More for web-up')
    expect(faults).toEqual([])
  })

  it('stops all hooks, and lets them run again', async () => {
    const url = await playground.url('web-up')
    const { faults, page } = await visit()
    await signIn(page)
    await tabTo(page, 'Stop all hooks…')
    await openAndEscape(page)
    await page.keyboard.press('Enter')
    await expect.poll(() => focused(page)).toBe('Why, for your colleagues')
    await page.keyboard.insertText('a storm of alerts')
    await tabTo(page, 'Stop all hooks')
    await page.keyboard.press('Enter')
    await page.getByText(/All hooks are stopped since/).waitFor()
    await expect.poll(async () => (await post(url)).status).toBe(503)
    await expect.poll(() => focused(page)).toBe('Hooks')
    await tabTo(page, 'Let hooks run again', 'Shift+Tab')
    await page.keyboard.press('Enter')
    await page.locator('.strip.bad').waitFor({ state: 'detached' })
    await expect.poll(() => focused(page)).toBe('Hooks')
    await expect.poll(async () => (await post(url)).status).toBe(200)
    expect(faults).toEqual([])
  })
})
