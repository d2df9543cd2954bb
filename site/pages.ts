/** The pages of docs/, as the site needs them. They stay as forges show them: no front matter, links to files. */
import { globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { project } from '../scripts/release/project.ts'
import { pageURL } from '../src/api/site.ts'
import { version } from '../src/version.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const index = 'docs/README.md'

export interface SitePage {
  /** The path in the repository, such as `docs/how-to/install.md`. */
  readonly path: string
  /** The path on the site, such as `how-to/install`. */
  readonly id: string
  readonly title: string
  /** The first sentence. */
  readonly description: string
  readonly body: string
}

/** Returns the path on the site of a page in docs/. */
const idOf = (path: string): string => (path === index ? 'index' : path.slice('docs/'.length, -'.md'.length))

/** Returns where a link of a page leads on the site. What is not in docs/ is in the repository, as this version has it. */
const addressOf = (page: string, link: string): string => {
  if (/^(?:[a-z]+:|#)/.test(link)) return link
  const [file = '', anchor] = link.split('#')
  const path = posix.join(posix.dirname(page), file)
  const hash = anchor === undefined ? '' : `#${anchor}`
  if (!path.startsWith('docs/')) return `${project.repository}/blob/v${version}/${path}${hash}`
  return new URL(pageURL(path).replace(/^docs/, project.site)).pathname + hash
}

const fences = /(^ *```[^]*?^ *```$)/m

const withAddresses = (page: string, text: string): string =>
  text
    .split(fences)
    .map((part, at) =>
      // Every second part is a block of code.
      at % 2 === 1 ? part : part.replaceAll(/\]\(([^)\s]+)\)/g, (_, link: string) => `](${addressOf(page, link)})`),
    )
    .join('')

/** Returns a text without its marks: links, code, emphasis. */
const plain = (text: string): string => text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '')

const pageAt = (path: string): SitePage => {
  const [, title = '', text = ''] =
    /^# (.+)\n+([^]*)$/.exec(readFileSync(join(root, path), 'utf8').replace(/^<!--.*-->\n+/, '')) ?? []
  if (title === '') throw new Error(`${path} does not begin with a heading`)
  const [sentence = ''] = plain(text)
    .replaceAll(/\s+/g, ' ')
    .split(/(?<=[.:]) /)
  return { path, id: idOf(path), title: plain(title), description: sentence, body: withAddresses(path, text) }
}

export const pages = (): readonly SitePage[] =>
  globSync('docs/**/*.md', { cwd: root })
    .toSorted()
    .map(path => pageAt(path))

export interface Part {
  readonly label: string
  readonly links: readonly { readonly label: string; readonly link: string }[]
}

/** Returns the parts of the index, with the pages that each names. */
export const parts = (): readonly Part[] =>
  readFileSync(join(root, index), 'utf8')
    .split(/^## /m)
    .slice(1)
    .map(part => ({
      label: part.slice(0, part.indexOf('\n')),
      links: [...part.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, words = '', link = '']) => ({
        label: plain(words.replace(/^[a-z]/, first => first.toUpperCase())),
        link,
      })),
    }))

/** Returns what the site shows beside each page. */
export const sidebar = (): { label: string; items: { label: string; link: string }[] }[] =>
  parts().map(({ label, links }) => ({
    label,
    items: links.map(({ label: words, link }) => ({ label: words, link: addressOf(index, link) })),
  }))

/** Returns the pages for programs that read: https://llmstxt.org. */
export const llmsText = (): string =>
  [
    '# Receiver Hooks for Kubernetes',
    '> URLs that run one action in a Kubernetes cluster when something POSTs to them. Each page is here as Markdown.',
    ...parts().map(({ label, links }) =>
      [
        `## ${label}`,
        '',
        ...links
          .filter(({ link }) => !link.startsWith('..'))
          .map(({ label: words, link }) => `- [${words}](${project.site}/${link})`),
      ].join('\n'),
    ),
  ].join('\n\n') + '\n'
