import { clusterOptions, openCluster } from '../cluster/cluster.ts'
import { readHook } from '../cluster/hooks.ts'
import type { Command } from '../../src/commands/command.ts'
import { stringAt } from '../../src/api/json.ts'
import { outputOption } from '../output/format.ts'
import { specOfFlags, specOptions, withoutNulls } from '../spec/flags.ts'
import { patchedSpec } from '../spec/patch.ts'
import { checkHook, createHook, dryRunOption } from '../spec/manifest.ts'

/** Creates a hook with the spec of another one. The new hook gets a URL of its own. */
export const clone: Command = {
  details:
    'The new hook gets its own URL, which has never been rotated. A Secret for the URL belongs to one hook: if the first hook has one, name another Secret with --token-secret-name; otherwise the new hook has none.',
  arguments: [
    { name: 'NAME', means: 'the hook', completes: 'hooks' },
    { name: 'NEW', means: "the new hook's name" },
  ],
  options: [...specOptions, dryRunOption, outputOption, ...clusterOptions],
  examples: [{ line: 'clone web-up web-down --action down', means: 'the other direction' }],
  showsSecrets: given => given.get(outputOption).as !== 'table',
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    const [name = '', copy = ''] = given.arguments
    const { spec } = await readHook(cluster, name)
    const { rotation: _, secretName, ...token } = spec.token
    const changes = specOfFlags(given, spec.driver)
    const merged = withoutNulls(patchedSpec({ ...spec, token }, changes))
    checkHook(copy, merged)
    if (secretName !== undefined && stringAt(merged, 'token', 'secretName') === undefined) {
      shell.err.write(`${name} keeps its URL in the Secret ${secretName}; ${copy} has it in its status\n`)
    }
    await createHook(cluster, given, shell, copy, merged)
    return 0
  },
}
