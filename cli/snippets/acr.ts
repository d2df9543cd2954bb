import type { SentAuth } from '../../src/api/auth.ts'
import { hashOf, hookWord } from './names.ts'
import { anyHeader } from './proof.ts'
import { shellWord } from './shell-word.ts'
import { headerWord, readingLines } from './script.ts'
import type { Snippet, SnippetHook } from './snippet.ts'

/** A webhook of Azure Container Registry. */
export const acr: Snippet = {
  name: 'acr',
  title: 'Azure Container Registry',
  group: 'images',
  proves: anyHeader,
  pushes: true,
  texts: hook => {
    const header = headerOption(hook.auth)
    return [
      {
        where: 'Run this command. Replace acme with your registry.',
        language: 'sh',
        text: `${[
          ...readingLines(hook),
          `az acr webhook create --registry acme --name ${nameOf(hook)} --actions push \\`,
          ...(header === undefined ? [] : [`  --headers ${header} \\`]),
          `  --uri ${shellWord(hook.url)}`,
        ].join('\n')}\n`,
      },
    ]
  },
}

/**
 * Returns the header that the hook asks for, as a shell word. Returns undefined if the hook asks
 * for none.
 */
const headerOption = (auth: SentAuth | undefined): string | undefined => {
  if (auth?.form === 'header') return `${shellWord(`${auth.header}=`)}"$SECRET"`
  const word = headerWord(auth)
  return word && `Authorization=${word}`
}

/**
 * Returns the name of the webhook: 5 to 50 letters and digits, as Azure requires. All other
 * characters are left out. The hash still distinguishes two hooks.
 */
const nameOf = (hook: SnippetHook): string => {
  const word = hookWord(hook)
  return `hook${word.replaceAll(/[-_]/g, '').slice(0, 38)}${hashOf(word)}`
}
