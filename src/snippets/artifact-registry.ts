import { nothing } from './proof.ts'
import { shellWord } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A Pub/Sub subscription to the pushes of Google Artifact Registry. */
export const artifactRegistry: Snippet = {
  name: 'artifact-registry',
  title: 'Google Artifact Registry',
  group: 'images',
  proves: nothing,
  pushes: true,
  texts: ({ name, url }) => [
    {
      where:
        'A command. The topic `gcr` reports pushes to every repository of the project. The hook reacts only to its `image`.',
      language: 'sh',
      text: `gcloud pubsub subscriptions create ${shellWord(idOf(name))} --topic=gcr --ack-deadline=10 \\
  --min-retry-delay=10s --push-endpoint=${shellWord(url)}
`,
    },
  ],
}

/**
 * Returns an id that begins with a letter and has at least three characters. All characters of a
 * hook's name are allowed in an id.
 */
const idOf = (name: string): string => `hook-${name}`
