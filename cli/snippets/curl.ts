import { anyProof } from './proof.ts'
import { shellWord } from './shell-word.ts'
import {
  canWait,
  imageNote,
  newKey,
  postLines,
  readingLines,
  scriptBody,
  theKey,
  waitLines,
  waitNote,
} from './script.ts'
import type { Snippet } from './snippet.ts'

/** A command for a terminal or a script. */
export const curl: Snippet = {
  name: 'curl',
  title: 'curl',
  group: 'scripts',
  proves: anyProof,
  pushes: true,
  texts: hook => {
    const post = { auth: hook.auth, url: shellWord(hook.url), key: theKey, body: scriptBody(hook) }
    const scriptOf = (lines: readonly string[]): string =>
      `${[...readingLines(hook), ...(hook.pushes === undefined ? [] : ['TAG=1.4.2']), newKey, ...lines].join('\n')}\n`
    return [
      {
        where: `In a terminal or a script. Each run has a new idempotency key, so it counts once, however often curl retries it.${
          hook.pushes === undefined ? '' : ` TAG is the tag that was pushed.${imageNote(hook)}`
        }`,
        language: 'sh',
        text: scriptOf(postLines(post)),
      },
      ...(canWait(hook)
        ? [{ where: `Instead, a script that ${waitNote}`, language: 'sh', text: scriptOf(waitLines(post)) } as const]
        : []),
    ]
  },
}
