import { anyProof } from './proof.ts'
import { shellWord } from './quote.ts'
import { imageNote, newKey, postLines, readingLines, scriptBody, theKey } from './script.ts'
import type { Snippet } from './snippet.ts'

/** A command for a terminal or a script. */
export const curl: Snippet = {
  name: 'curl',
  title: 'curl',
  group: 'scripts',
  proves: anyProof,
  pushes: true,
  texts: hook => [
    {
      where: `A terminal or a script. The idempotency key is another each time: each run is a delivery, and curl's retries of it do nothing more.${
        hook.pushes === undefined ? '' : ` TAG is the tag that was pushed.${imageNote(hook)}`
      }`,
      language: 'sh',
      text: `${[
        ...readingLines(hook),
        ...(hook.pushes === undefined ? [] : ['TAG=1.4.2']),
        newKey,
        ...postLines({ auth: hook.auth, url: shellWord(hook.url), key: theKey, body: scriptBody(hook) }),
      ].join('\n')}\n`,
    },
  ],
}
