import { existsSync, globSync, readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pageURL, site } from '../../../src/api/site.ts'
import { productFolders } from '../../../scripts/count/source.ts'
import { project } from '../../../scripts/release/project.ts'
import { closeBrowser, expectAccessible, expectNoSidewaysScroll, picture, visit } from '../page.ts'
import { serveFolder } from './server.ts'

const built = 'site/dist'
const base = new URL(site).pathname.replace(/\/$/, '')

let server: Server
let url: string

beforeAll(async () => {
  if (!existsSync(built)) throw new Error('the site is not built: npm run site')
  ;({ server, url } = await serveFolder(built))
})

afterAll(async () => {
  await closeBrowser()
  server.close()
})

/** The HTML of each page, by its path on the site. */
const pages: ReadonlyMap<string, string> = new Map(
  // A host shows 404.html at any address: it has none of its own.
  globSync(`${built}/**/index.html`).map(file => [
    base + file.slice(built.length).replace(/index\.html$/, ''),
    readFileSync(file, 'utf8'),
  ]),
)

/** Returns whether a link within the site leads to something that is there, with the heading. */
const isThere = (link: string, from: string): boolean => {
  const { hash, pathname } = new URL(link, `${new URL(site).origin}${from}`)
  const html = pages.get(pathname)
  if (html === undefined) return hash === '' && existsSync(built + pathname.slice(base.length))
  return hash === '' || html.includes(`id="${decodeURIComponent(hash.slice(1))}"`)
}

it('there is a page for each of docs/', () => {
  const expected = globSync('docs/**/*.md').map(page => new URL(pageURL(page)).pathname)
  expect(expected.length).toBeGreaterThan(30)
  expect(expected.filter(path => !pages.has(path))).toEqual([])
})

it('each link, picture and script of a page leads to what is there', () => {
  const links = [...pages].flatMap(([from, html]) =>
    [...html.matchAll(/\s(?:href|src)="([^"]+)"/g)].map(([, link = '']) => ({ from, link })),
  )
  // A host shows the page 404 at any address.
  const own = links.filter(({ link }) => !/^[a-z]+:/.test(link) || link.startsWith(site))
  expect(own.length).toBeGreaterThan(2000)
  expect(own.filter(({ from, link }) => !isThere(link, from))).toEqual([])
})

it('each address of the site that messages, manifests and alerts name leads to what is there', () => {
  const inCode = globSync(productFolders.map(folder => `${folder}/**/*.{ts,tsx}`)).flatMap(file =>
    [...readFileSync(file, 'utf8').matchAll(/pageURL\('([^']+)'\)/g)].map(([, page = '']) => pageURL(page)),
  )
  const address = new RegExp(String.raw`${site}/[\w/#-]+`, 'g')
  const inFiles = globSync('{crds,deploy,docs,.github}/**/*.{yaml,yml,json,md}').flatMap(
    file => readFileSync(file, 'utf8').replaceAll(`${site}/v1`, '').match(address) ?? [],
  )
  expect(inCode.length).toBeGreaterThan(10)
  expect(new Set(inFiles).size).toBeGreaterThan(15)
  expect([...new Set([...inCode, ...inFiles])].filter(link => !isThere(link, '/'))).toEqual([])
})

it('llms.txt names each page of the index, as Markdown', () => {
  const [...links] = readFileSync(`${built}/llms.txt`, 'utf8').matchAll(/\]\(([^)]+)\)/g)
  expect(links.length).toBeGreaterThan(30)
  expect(links.filter(([, link = '']) => !link.endsWith('.md') || !isThere(link, '/'))).toEqual([])
})

it('each page can be edited where it is', () => {
  expect(pages.get(`${base}/how-to/install/`)).toContain(`${project.repository}/edit/main/docs/how-to/install.md`)
})

describe('the search', () => {
  it.each([
    ['ManagedByAutoscaler', `/reference/reasons/#managedbyautoscaler`],
    ['Harbor', `/reference/senders/#harbor`],
    ['for: 2h', `/how-to/scale-for-a-while/`],
  ])('finds %s', async (words, path) => {
    const { page } = await visit()
    await page.goto(`${url}${base}/`)
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByRole('textbox', { name: 'Search' }).fill(words)
    await expect
      .poll(() =>
        page.locator('.pagefind-ui__result-link').evaluateAll(all => all.map(link => link.getAttribute('href'))),
      )
      .toContain(base + path)
  })
})

describe.each(['light', 'dark'] as const)('in %s colours', scheme => {
  describe.each([390, 1440] as const)('%i pixels wide', width => {
    it.each(['/', '/how-to/install/', '/explanation/steps/', '/reference/receiverhook/'])(
      '%s can be read by all',
      async path => {
        const { faults, page } = await visit({ scheme, width })
        await page.goto(url + base + path)
        expect(await page.locator('html').getAttribute('data-theme')).toBe(scheme)
        await expectNoSidewaysScroll(page, path)
        // Where it is wide, the search of Starlight shows its keys, which its label does not name.
        if (width === 390) await expectAccessible(page, path)
        await picture(page, `site${path.replaceAll('/', '-')}${width}-${scheme}`)
        expect(faults).toEqual([])
      },
    )
  })
})
