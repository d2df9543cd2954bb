import type { Snippet } from './snippet.ts'

/** The webhook of a repository of Docker Hub. It has no other proof than the URL. */
export const dockerHub: Snippet = {
  name: 'docker-hub',
  title: 'Docker Hub',
  group: 'images',
  texts: ({ auth, name, url }) => [
    {
      where: `The repository's page on hub.docker.com, Webhooks: as webhook name ${name}, as webhook URL this.${
        auth === undefined
          ? ''
          : ` Docker Hub proves nothing beside the URL: a hook with auth.${auth.form} answers it 401.`
      }`,
      language: 'text',
      text: `${url}\n`,
    },
  ],
}
