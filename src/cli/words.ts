import type { CommandEntry } from './command.ts'

/** Flags with a value that may stand before the command, as kubectl's can. */
const early = new Set(['-n', '--namespace', '--context', '--cluster', '--user', '--kubeconfig', '--as', '--as-group'])

/** Moves the command before the flags. */
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
