import { docsSchema } from '@astrojs/starlight/schema'
import { defineCollection } from 'astro:content'
import { project } from '../../scripts/release/project.ts'
import { pages } from '../pages.ts'

export const collections = {
  docs: defineCollection({
    schema: docsSchema(),
    loader: {
      name: 'docs',
      load: async ({ store, parseData, renderMarkdown, generateDigest }) => {
        store.clear()
        for (const { body, description, id, path, title } of pages()) {
          const editUrl = `${project.repository}/edit/main/${path}`
          const data = await parseData({ id, data: { title, description, editUrl } })
          const rendered = await renderMarkdown(body)
          // The empty corner of a table is no heading.
          const html = rendered.html.replaceAll('<th></th>', '<td></td>')
          store.set({ id, data, body, rendered: { ...rendered, html }, digest: generateDigest(body) })
        }
      },
    },
  }),
}
