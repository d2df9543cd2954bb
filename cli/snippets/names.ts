import { shortName, wordName } from './quote.ts'
import type { SnippetHook } from './snippet.ts'

type Named = Pick<SnippetHook, 'name' | 'namespace'>

/**
 * Returns a name for a hook in a product with hooks of several namespaces: letters, digits, "-" and
 * "_". No other hook has it: no name in Kubernetes contains "_", which stands for the slash after
 * the namespace and for dots. A hash replaces the end of a name that is too long.
 */
export const hookWord = ({ name, namespace }: Named, length = 100): string => {
  const word = wordName(`${namespace}_${name.replaceAll('.', '_')}`)
  return word.length <= length ? word : `${shortName(word, length - 9)}-${hashOf(word)}`
}

/** Returns such a name without "_", for a product that refuses it. */
export const dashedName = (hook: Named): string => {
  const word = hookWord(hook)
  const dashed = word.replaceAll('_', '--')
  return word.includes('--') ? `${dashed}-${hashOf(word)}` : dashed
}

/**
 * Returns the name of a variable or secret of one hook, such as `HOOK_TOKEN_SHOP__WEB_UP`. A product
 * keeps those of several hooks in one place, and only the token says which hook runs.
 */
export const hookVariable = (kind: string, hook: Named): string =>
  `HOOK_${kind}_${dashedName(hook).replaceAll('-', '_')}`.toUpperCase()

/** Returns eight hexadecimal digits: the hash FNV-1a. */
export const hashOf = (text: string): string => {
  let hash = 0x811c9dc5
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
