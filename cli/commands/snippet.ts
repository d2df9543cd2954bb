import { snippetHook } from '../snippets/hook.ts'
import { snippets } from '../snippets/registry.ts'
import type { SnippetText } from '../snippets/snippet.ts'
import { snippetNamed, writeSnippet } from '../snippets/write.ts'
import { clusterOptions, openCluster } from '../cluster/cluster.ts'
import { readHook } from '../cluster/hooks.ts'
import { urlOfHook } from '../cluster/url.ts'
import { UsageError, type Command } from '../../src/commands/command.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { flag } from '../../src/commands/options.ts'
import { table } from '../output/table.ts'
import { wrapped } from '../output/wrap.ts'

const names = snippets.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b))

const bare = flag({ flag: 'bare', means: 'only the first configuration, without notes' })

/** Prints the configuration of a product for a hook, with the hook's URL. */
export const snippet: Command = {
  details: `The senders: ${names.join(', ')}.\nThe configuration holds the URL, or its token in a header that the product hides, unless the hook keeps it in a Secret that the product reads. If a sender could never run this hook, the command says why instead.`,
  arguments: [
    { name: 'FOR', means: 'the sender', optional: true, choices: names },
    { name: 'NAME', means: 'the hook', optional: true, completes: 'hooks' },
  ],
  options: [bare, ...clusterOptions],
  examples: [
    { line: 'snippet', means: 'which senders there are' },
    { line: 'snippet alertmanager web-up', means: 'a route and a receiver' },
    { line: 'snippet curl web-up --bare | sh', means: 'a post, now' },
  ],
  showsSecrets: () => true,
  run: async (given, shell) => {
    const [product, name] = given.arguments
    if (product === undefined) {
      shell.out.write(listOf(shell.program))
      return 0
    }
    const chosen = snippetNamed(product)
    if (chosen === undefined) {
      throw new UsageError(`there is no configuration for ${product}, only for ${names.join(', ')}`)
    }
    if (name === undefined) throw new UsageError(`name the hook as well: snippet ${product} NAME`)
    const cluster = await openCluster(given, shell)
    const hook = await readHook(cluster, name)
    const { metadata, spec } = hook
    const { url } = await urlOfHook(cluster, hook)
    const written = writeSnippet(chosen, snippetHook(metadata.name, metadata.namespace, spec, url))
    if ('refused' in written) {
      throw new CommandFailure(`${chosen.title} cannot run ${metadata.name}: ${written.refused}`, 1)
    }
    const { texts } = written
    const width = shell.out.columns()
    shell.out.write(given.get(bare) ? (texts[0]?.text ?? '') : texts.map(text => withNote(text, width)).join('\n'))
    return 0
  },
}

/** Returns a table of all products that have a configuration. */
const listOf = (program: string): string => {
  const rows = snippets.map(({ name, title }): readonly string[] => [name, title])
  const sorted = rows.toSorted(([a = ''], [b = '']) => a.localeCompare(b))
  return `${table(['FOR', 'SENDER'], sorted, (_, text) => text, undefined)}\n${program} snippet FOR NAME writes it for a hook.\n`
}

/** Returns a snippet's text, below comment lines that say where the text belongs. */
const withNote = ({ text, where }: SnippetText, width: number | undefined): string =>
  `${wrapped(where, width === undefined ? undefined : width - 2)
    .map(line => `# ${line}\n`)
    .join('')}\n${text}`
