import { authOf } from '../../api/auth.ts'
import type { ReceiverHook } from '../../api/hook.ts'
import { exampleURL } from '../../senders/sender.ts'
import { senders } from '../../senders/registry.ts'
import { snippets } from '../../snippets/registry.ts'
import type { SnippetText } from '../../snippets/snippet.ts'
import { clusterOptions, openCluster } from '../cluster/cluster.ts'
import { readHook } from '../cluster/hooks.ts'
import { urlOf } from '../cluster/url.ts'
import { UsageError, type Command } from '../command.ts'
import { flag } from '../options.ts'

/** Those that are written for a hook, and the ready configurations of all other senders. */
const written = new Set(snippets.map(({ name }) => name))
const others = senders.filter(({ name }) => !written.has(name) && name !== 'plain')
const names = [...written, ...others.map(({ name }) => name)]

const bare = flag({ flag: 'bare', means: 'only the first configuration, without notes' })

/** The configuration of a product that posts, with the URL of a hook in it. */
export const snippet: Command = {
  details: `It can be written for ${names.join(', ')}.\nThe configuration holds the URL, unless the hook keeps it in a Secret that the product reads.`,
  arguments: [
    { name: 'FOR', means: 'the sender', choices: names },
    { name: 'NAME', means: 'the hook', completes: 'hooks' },
  ],
  options: [bare, ...clusterOptions],
  examples: [
    { line: 'snippet alertmanager web-up', means: 'a route and a receiver' },
    { line: 'snippet curl web-up --bare | sh', means: 'a post, now' },
  ],
  showsSecrets: () => true,
  run: async (given, shell) => {
    const [product = '', name = ''] = given.arguments
    if (!names.includes(product)) {
      throw new UsageError(`there is no configuration for ${product}: there is one for ${names.join(', ')}`)
    }
    const cluster = await openCluster(given, shell)
    const hook = await readHook(cluster, name)
    const texts = textsOf(product, hook, (await urlOf(cluster, hook)).url)
    if (given.get(bare)) {
      shell.out.write(texts[0]?.text ?? '')
      return 0
    }
    shell.out.write(texts.map(({ text, where }) => `# ${where}\n\n${text}`).join('\n'))
    return 0
  },
}

const textsOf = (product: string, hook: ReceiverHook, url: string): readonly SnippetText[] => {
  const { metadata, spec } = hook
  const auth = authOf(spec.auth)
  const found = snippets.find(({ name }) => name === product)
  if (found) {
    const { secretName } = spec.token
    return found.texts({
      namespace: metadata.namespace,
      name: metadata.name,
      url,
      ...(secretName === undefined ? {} : { secretName }),
      ...(auth === undefined ? {} : { auth }),
    })
  }
  return others
    .filter(({ name }) => name === product)
    .map(({ about: { configuration } }) => ({
      where: configuration.where.replaceAll(exampleURL, url),
      language: 'text',
      text: configuration.text.replaceAll(exampleURL, url),
    }))
}
