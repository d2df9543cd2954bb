import type { CommandEntry } from '../src/commands/command.ts'

/**
 * Flags that may stand before the command, as in kubectl. The word after such a flag is its value.
 */
const early = new Set(['-n', '--namespace', '--context', '--cluster', '--user', '--kubeconfig', '--as', '--as-group'])

/** Returns the typed words with the command's name first, even if flags were typed before it. */
export const commandFirst = (typed: readonly string[], entries: readonly CommandEntry[]): readonly string[] => {
  const known = new Set(entries.flatMap(({ aliases, name }) => [name, ...(aliases ?? [])]))
  for (let i = 0; i < typed.length; i++) {
    const word = typed[i] ?? ''
    if (early.has(word)) i++
    else if (!word.startsWith('-')) {
      return known.has(word) ? [word, ...typed.slice(0, i), ...typed.slice(i + 1)] : typed
    }
  }
  return typed
}
