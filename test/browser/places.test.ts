import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { post } from '../support/product.ts'
import { visit, type Look } from './page.ts'
import { scaleSpec, playgroundOfFile, type Playground } from './playground.ts'

let playground: Playground
playgroundOfFile(started => (playground = started))
beforeAll(async () => {
  await playground.createHook('gone-up', scaleSpec('gone'))
  await playground.createHook('web-night', { ...scaleSpec('web', { action: 'down' }), suspend: true })
  const url = await playground.url('web-up')
  for (let count = 0; count < 10; count++) await post(url)
})

const open = async (look: Look = {}): Promise<Page> => {
  const { page } = await visit(look)
  await page.goto(playground.link())
  await page.locator('.row').first().waitFor()
  return page
}

describe('the sign-in page', () => {
  it('takes a link that is pasted into the address of its tab', async () => {
    const { page } = await visit()
    const link = new URL(playground.link())
    await page.goto(new URL('/', link).href)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.evaluate(hash => (location.hash = hash), link.hash)
    await page.locator('.row').first().waitFor()
    expect(page.url()).not.toContain('key')
    await page.goBack().catch(() => undefined)
    expect(page.url()).not.toContain('key')
  })

  it('says of a link that is no longer good, and of a text that is none, what it is', async () => {
    const { page } = await visit()
    const link = playground.link()
    const another = playground.link()
    expect(another).not.toBe(link)
    await page.goto(link)
    await page.getByRole('alert').filter({ hasText: 'This link was already used' }).waitFor()
    await page.getByLabel('Or paste it here').fill('hunter2')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').filter({ hasText: 'This is not a sign-in link' }).waitFor()
    expect(await page.getByText('used already').count()).toBe(0)
    await page.getByLabel('Or paste it here').fill(another)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.locator('.row').first().waitFor()
  })
})

describe.each([1280, 360] as const)('at %i px', width => {
  it.each(['/hooks/shop/web-up', '/hooks/shop/gone-up', '/new', '/hooks/shop/web-up/edit', '/me'])(
    '%s ends where its content ends',
    async path => {
      const page = await open({ width })
      await page.goto(new URL(path, page.url()).href)
      await page.locator('main h1').waitFor()
      const beyond = await page.evaluate(() => {
        const root = document.documentElement
        const main = document.querySelector('main')
        const last = [...(main?.children ?? [])].at(-1)
        if (!main || !last) return undefined
        const content = last.getBoundingClientRect().bottom + main.scrollTop - main.getBoundingClientRect().top
        return {
          document: root.scrollHeight - root.clientHeight,
          main: Math.round(main.scrollHeight - Math.max(content, main.clientHeight)),
        }
      })
      expect(beyond?.document).toBe(0)
      // A browser rounds the height to whole pixels, and not the place where the content ends.
      expect(beyond?.main).toBeLessThanOrEqual(1)
    },
  )
})

describe('on a phone', () => {
  it('a list says what each hook does, and help and the way out are there', async () => {
    const page = await open({ width: 360 })
    await page.locator('[data-key="shop/web-up"] .does').filter({ hasText: 'scale up by' }).waitFor()
    await page.getByRole('button', { name: 'Help' }).click()
    await page.getByRole('dialog').getByText('not:ready').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('link', { name: 'Signed in as playground' }).click()
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/me')
  })
})

describe('a place', () => {
  it.each(['/hooks/shop/web-up', '/new', '/hooks/shop/web-up/edit', '/new?from=shop/web-up', '/me'])(
    'has a way back to the list: %s',
    async path => {
      const page = await open()
      await page.goto(new URL(path, page.url()).href)
      await page.getByRole('navigation', { name: 'Where you are' }).getByRole('link', { name: 'Hooks' }).click()
      await page.locator('.row').first().waitFor()
      expect(new URL(page.url()).pathname).toBe('/')
    },
  )

  it('leads back to the list as it was searched', async () => {
    const page = await open()
    await page.locator('#search').fill('gone')
    await page.getByRole('link', { name: 'gone-up' }).click()
    await page.getByRole('navigation', { name: 'Where you are' }).getByRole('link', { name: 'Hooks' }).click()
    await expect.poll(() => page.locator('#search').inputValue()).toBe('gone')
  })

  it('for a new hook has the focus in its first field', async () => {
    const page = await open()
    await page.keyboard.press('n')
    await page.getByRole('heading', { name: 'Add a hook' }).waitFor()
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('field-name')
    await page.keyboard.type('canary')
    expect(await page.locator('#field-name').inputValue()).toBe('canary')
    expect(await page.title()).toBe('Add a hook · Receiver hooks')
  })
})

describe('the list', () => {
  it('has those first that need somebody, until it is sorted', async () => {
    const page = await open()
    const names = (): Promise<string[]> => page.locator('.row .name a').allTextContents()
    await expect.poll(names).toEqual(['gone-up', 'web-down', 'web-night', 'web-push', 'web-up'])
    await page.getByRole('button', { name: 'Hook', exact: true }).click()
    await expect.poll(names).toEqual(['gone-up', 'web-down', 'web-night', 'web-push', 'web-up'])
    await page.getByRole('button', { name: 'Hook', exact: true }).click()
    await expect.poll(names).toEqual(['web-up', 'web-push', 'web-night', 'web-down', 'gone-up'])
  })
})

describe('what a hook page says', () => {
  it.each(['web-up', 'gone-up', 'web-night'])('of %s is in sentences', async name => {
    const page = await open()
    await page.goto(new URL(`/hooks/shop/${name}`, page.url()).href)
    await page.locator('.conditions li').waitFor()
    await page.getByRole('button', { name: 'Dry run' }).click()
    await page.locator('.tried').waitFor()
    const texts = await page.locator('.conditions li, .deliveries small, .tried').allTextContents()
    expect(texts.length).toBeGreaterThan(1)
    for (const text of texts) {
      expect(text).not.toContain('`')
      expect(text).not.toMatch(/\bNothing\./)
      expect(text.trim()).toMatch(/[.!?]$/)
      // Two sentences are never joined without a full stop.
      expect(text).not.toMatch(/[a-z] (?:Create|Set|Correct|Nothing) /)
    }
  })

  it('of a dry run is what it would do', async () => {
    const page = await open()
    for (const [name, said] of [
      ['web-down', 'Would apply'],
      ['web-up', 'Would change nothing'],
      ['web-night', 'Would skip'],
      ['gone-up', 'Would fail'],
    ] as const) {
      await page.goto(new URL(`/hooks/shop/${name}`, page.url()).href)
      await page.getByRole('button', { name: 'Dry run' }).click()
      await expect.poll(() => page.locator('.tried').textContent()).toContain(said)
    }
  })

  it('of a suspended hook is not that it is ready', async () => {
    const page = await open()
    await page.goto(new URL('/hooks/shop/web-night', page.url()).href)
    await page.locator('.conditions li').waitFor()
    expect(await page.locator('.conditions li').textContent()).not.toMatch(/^Ready|since/)
  })

  it('has the whole object as YAML, without its URL', async () => {
    const page = await open()
    await page.goto(new URL('/hooks/shop/web-up', page.url()).href)
    await page.getByText('YAML', { exact: true }).click()
    const yaml = (await page.getByLabel('The hook as YAML').textContent()) ?? ''
    expect(yaml).toContain('kind: ReceiverHook')
    expect(yaml).toContain('generation: 1')
    expect(yaml).toContain('conditions:')
    expect(yaml).not.toContain('eyJ')
  })
})

it('says of a session when it ends, with the day', async () => {
  const page = await open()
  await page.goto(new URL('/me', page.url()).href)
  const text = await page.locator('dd', { hasText: ':' }).filter({ hasText: 'in ' }).textContent()
  expect(text).toMatch(/\d{4}/)
})
