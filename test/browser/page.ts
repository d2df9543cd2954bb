import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
import { findBrowser } from '../../scripts/browser.ts'

/** Where pictures are kept: CI takes them along. */
const pictures = 'coverage/pictures'

const launch = async (): Promise<Browser> => {
  const executablePath = findBrowser(process.env)
  if (executablePath === undefined) throw new Error('there is no Chromium: node scripts/browser.ts installs it')
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

let shared: Promise<Browser> | undefined

/** Returns one browser for all tests of a file: it takes a second to start. */
const sharedBrowser = (): Promise<Browser> => (shared ??= launch())

export const closeBrowser = async (): Promise<void> => {
  const browser = await shared
  shared = undefined
  await browser?.close()
}

export type Scheme = 'light' | 'dark'
export type Width = 1280 | 360

export interface Look {
  readonly width?: Width | 320 | 390 | 900 | 1440
  readonly scheme?: Scheme
}

export interface Visit {
  readonly page: Page
  readonly context: BrowserContext
  /** Every error on the console, every exception, every breach of the Content-Security-Policy so far. */
  readonly faults: readonly string[]
}

/** Opens a browser profile of its own, and collects what goes wrong in its pages. */
export const visit = async ({ scheme = 'light', width = 1280 }: Look = {}): Promise<Visit> => {
  const browser = await sharedBrowser()
  const context = await browser.newContext({
    viewport: { width, height: width < 720 ? 740 : 800 },
    colorScheme: scheme,
    reducedMotion: 'reduce',
  })
  onTestFinished(() => context.close())
  // The page's own policy lets nobody read the clipboard, a test included.
  await context.addInitScript(() => {
    if (!isSecureContext) return
    navigator.clipboard.writeText = async text => void Object.assign(globalThis, { copied: text })
  })
  const faults: string[] = []
  const watch = (page: Page): void => {
    page.on('console', message => {
      if (message.type() === 'error' && !isAnswer(message.text())) faults.push(message.text())
    })
    page.on('pageerror', error => faults.push(String(error)))
  }
  context.on('page', watch)
  return { page: await context.newPage(), context, faults }
}

/** Returns whether a text is the console's about an answer. The browser writes each other than 2xx there, and only the page's own reaction counts. */
const isAnswer = (text: string): boolean => text.startsWith('Failed to load resource')

/** Returns what the page has copied last. */
export const copiedBy = (page: Page): Promise<string> => page.evaluate(() => String(Reflect.get(globalThis, 'copied')))

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface AxeWindow {
  readonly axe: {
    run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>
  }
}

/** Fails where axe finds something that keeps people from using what is shown. */
export const expectAccessible = async (page: Page, what: string): Promise<void> => {
  // The page's own policy lets no foreign script in; the debugger is not bound by it.
  await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- put there the line before
    const { violations } = await (globalThis as unknown as AxeWindow).axe.run()
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ failureSummary, html }) => `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 240)}`),
    )
  })
  expect({ what, found }).toEqual({ what, found: [] })
}

/** Fails where the page can be scrolled sideways. */
export const expectNoSidewaysScroll = async (page: Page, what: string): Promise<void> => {
  const wider = await page.evaluate(() => {
    const root = document.documentElement
    const main = document.querySelector('main')
    return Math.max(root.scrollWidth - root.clientWidth, main === null ? 0 : main.scrollWidth - main.clientWidth)
  })
  expect({ what, wider: Math.max(0, wider) }).toEqual({ what, wider: 0 })
}

/** Fails if a text of a row or of a card overlaps its neighbour. */
export const expectNothingReachesOut = async (page: Page, what: string): Promise<void> => {
  const out = await page.evaluate(() =>
    [...document.querySelectorAll('.row > *, .card, .heading')].flatMap(box => {
      const { right } = box.getBoundingClientRect()
      return [...box.querySelectorAll('*:not(pre *)')]
        .filter(element => element.closest('.sideways') === null && element.getBoundingClientRect().right > right + 1)
        .map(element => (element.textContent ?? '').slice(0, 60))
    }),
  )
  expect({ what, out }).toEqual({ what, out: [] })
}

export const picture = async (page: Page, name: string): Promise<void> => {
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`), animations: 'disabled' })
}
