import { copyFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import starlight from '@astrojs/starlight'
import { defineConfig, passthroughImageService } from 'astro/config'
import { project } from '../scripts/release/project.ts'
import { llmsText, sidebar } from './pages.ts'

const { origin, pathname } = new URL(project.site)

/** Lets keys reach, and so scroll, what is wider than the page. */
const scrollableByKeys = `addEventListener('DOMContentLoaded', () => {
  for (const box of document.querySelectorAll('.sl-markdown-content :is(pre, table)'))
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0
})`

export default defineConfig({
  site: origin,
  base: pathname,
  // The pictures, and each page as Markdown, for those who read no HTML.
  publicDir: fileURLToPath(new URL('../docs', import.meta.url)),
  image: { service: passthroughImageService() },
  integrations: [
    starlight({
      title: 'Receiver Hooks',
      description: 'URLs that run one action in a Kubernetes cluster when something POSTs to them',
      social: [{ icon: 'github', label: 'Repository', href: project.repository }],
      sidebar: sidebar(),
      customCss: ['./src/site.css'],
      head: [{ tag: 'script', content: scrollableByKeys }],
      expressiveCode: {
        defaultProps: { frame: 'none' },
        shiki: { langAlias: { cel: 'javascript', promql: 'txt', rooms: 'txt' } },
      },
    }),
    {
      name: 'files beside the pages',
      hooks: {
        'astro:build:done': ({ dir }) => {
          writeFileSync(new URL('llms.txt', dir), llmsText())
          copyFileSync(new URL('../dashboard/page/icon.svg', import.meta.url), new URL('favicon.svg', dir))
        },
      },
    },
  ],
})
