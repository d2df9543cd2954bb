import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { anchorOf } from '../deploy/manifests.ts'

/** Every page of the project, by its path from the root. */
const pages = globSync('**/*.md', { exclude: path => /(?:^|\/)(?:node_modules|dist|coverage)$/.test(path) })

/** Returns the text outside of code blocks: what stands in those is no link. */
const prose = (page: string): string => readFileSync(page, 'utf8').replaceAll(/^ *```[^]*?^ *```$/gm, '')

interface Link {
  readonly page: string
  readonly path: string
  readonly heading: string | undefined
}

const links: readonly Link[] = pages.flatMap(page =>
  [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return []
    const [path = '', heading] = target.split('#')
    return [{ page, path: path === '' ? page : normalize(join(dirname(page), path)), heading }]
  }),
)

/** Returns the anchors of a page, as forges make them from its headings. */
const anchors = (page: string): readonly string[] =>
  [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))

test('there are links to check', () => {
  expect(links.length).toBeGreaterThan(50)
})

test('each link leads to a file that is there', () => {
  expect(links.filter(({ path }) => !existsSync(path))).toEqual([])
})

test('each link to a heading leads to one that is there', () => {
  expect(
    links.filter(
      ({ path, heading }) => heading !== undefined && path.endsWith('.md') && !anchors(path).includes(heading),
    ),
  ).toEqual([])
})

test.each(['docs', 'contributing', 'contributing/decisions'])(
  'the index of %s names each page of the folder',
  folder => {
    const index = links.filter(({ page }) => page === `${folder}/README.md`).map(({ path }) => path)
    const inside = globSync(folder === 'docs' ? 'docs/**/*.md' : `${folder}/*.md`)
    expect(inside.length).toBeGreaterThan(5)
    expect(inside.filter(page => page !== `${folder}/README.md` && !index.includes(page))).toEqual([])
  },
)

test('the pages for users stay few, and short enough to be read', () => {
  const inDocs = globSync('docs/**/*.md')
  const words = inDocs.map(page => readFileSync(page, 'utf8').trim().split(/\s+/).length)
  expect(inDocs.length).toBeLessThanOrEqual(43)
  expect(words.reduce((sum, own) => sum + own, 0)).toBeLessThanOrEqual(75_000)
})

test('the index for users names no page for developers of the project', () => {
  const index = links.filter(({ page }) => page === 'docs/README.md').map(({ path }) => path)
  expect(index.filter(path => path.startsWith('contributing/'))).toEqual([])
})

test('the list of decisions names each of them once, in their order', () => {
  const listed = links.filter(({ page }) => page === 'contributing/decisions/README.md').map(({ path }) => path)
  expect(listed).toEqual(globSync('contributing/decisions/[0-9]*.md').toSorted())
})

test('the decisions are numbered in their order, in the name of the file and in the heading', () => {
  const numbers = globSync('contributing/decisions/[0-9]*.md')
    .toSorted()
    .map(page => [/\/0*(\d+)-/.exec(page)?.[1], /^# (?:Decision )?(\d+)\. /.exec(readFileSync(page, 'utf8'))?.[1]])
  expect(numbers).toEqual(numbers.map((_, index) => [String(index + 1), String(index + 1)]))
})

test('no page has two headings of one anchor', () => {
  const twice = pages.flatMap(page => {
    const all = anchors(page)
    return all.filter((anchor, at) => all.indexOf(anchor) !== at).map(anchor => `${page}#${anchor}`)
  })
  expect(twice).toEqual([])
})

test('each page that the product, its manifests and its scripts name is there, with the heading', () => {
  const files = globSync('{src,deploy,crds,scripts,bench,test,.github}/**/*.{ts,tsx,sh,yaml,yml,json,txt,tpl}')
  const named = files.flatMap(file =>
    [...readFileSync(file, 'utf8').matchAll(/\b(?:docs|contributing)\/[\w./-]+\.md(?:#[\w-]+(?![\w$-]*\{))?/g)].map(
      ([name]) => ({
        file,
        name,
      }),
    ),
  )
  expect(named.length).toBeGreaterThan(100)
  const dead = named.filter(({ name }) => {
    const [path = '', anchor] = name.split('#')
    return !existsSync(path) || (anchor !== undefined && !anchors(path).includes(anchor))
  })
  expect(dead.map(({ file, name }) => `${file}: ${name}`)).toEqual([])
})

test('README is short enough to be read', () => {
  expect(readFileSync('README.md', 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(120)
})

test('the section of the version in the changelog is short enough to be a release note', () => {
  const [, section = ''] = readFileSync('CHANGELOG.md', 'utf8').split('\n## [')
  expect(section.split('\n').length).toBeLessThanOrEqual(30)
})

describe('each decision', () => {
  it.each(globSync('contributing/decisions/[0-9]*.md'))(
    '%s has at most 350 words, and ends with what is lost without it',
    page => {
      const text = readFileSync(page, 'utf8')
      expect(text.trim().split(/\s+/).length).toBeLessThanOrEqual(350)
      expect(text.trimEnd().split('\n\n').at(-1)).toMatch(/^\*\*Without it:\*\* /)
    },
  )
})
