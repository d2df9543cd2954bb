import { nothing } from './proof.ts'
import { plainText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** The webhook of a repository on Docker Hub. Its only proof is the URL. */
export const dockerHub: Snippet = {
  name: 'docker-hub',
  title: 'Docker Hub',
  group: 'images',
  proves: nothing,
  pushes: true,
  texts: ({ name, url }) => [
    {
      where: `The repository's page on hub.docker.com, Webhooks: use ${plainText(name)} as the webhook name, and this as the webhook URL.`,
      language: 'text',
      text: `${url}\n`,
    },
  ],
}
