import { clusterOptions, openCluster } from '../cluster/cluster.ts'
import { readHook } from '../cluster/hooks.ts'
import { urlOfHook } from '../cluster/url.ts'
import type { Command } from '../../src/commands/command.ts'

/** Prints only the URL, for scripts. */
export const url: Command = {
  details: 'Anyone who has the URL can run the hook: treat it like a password.',
  arguments: [{ name: 'NAME', means: 'the hook', completes: 'hooks' }],
  options: clusterOptions,
  examples: [
    { line: 'url web-up', means: 'the URL of a hook' },
    { line: 'url web-up | gh secret set HOOK_URL', means: 'without showing it' },
  ],
  showsSecrets: () => true,
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    const [name = ''] = given.arguments
    shell.out.write(`${(await urlOfHook(cluster, await readHook(cluster, name))).url}\n`)
    return 0
  },
}
