import { anyProof } from './proof.ts'
import { shellWord } from './shell-word.ts'
import { imageOf, newKey, postLines, pushedBody, readingLines, theKey } from './script.ts'
import type { Snippet } from './snippet.ts'

/** A script that posts after pushing an image. */
export const image: Snippet = {
  name: 'image',
  title: 'A script that has pushed an image',
  group: 'images',
  proves: anyProof,
  pushes: true,
  texts: hook => [
    {
      where: `In a script, after its docker push.${
        imageOf(hook) === hook.pushes?.image ? '' : ' Replace ghcr.io/acme/web with your image.'
      } TAG is the tag that was pushed.`,
      language: 'sh',
      text: `${[
        ...readingLines(hook),
        'TAG=1.4.2',
        newKey,
        ...postLines({ auth: hook.auth, url: shellWord(hook.url), key: theKey, body: pushedBody(hook) }),
      ].join('\n')}\n`,
    },
  ],
}
