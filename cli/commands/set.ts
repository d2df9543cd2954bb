import { isReceiverHook } from '../../src/api/hook.ts'
import { clusterOptions, openCluster } from '../cluster/cluster.ts'
import { hookName, patchHook, readHook } from '../cluster/hooks.ts'
import { UsageError, type Command } from '../../src/commands/command.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { nameOf, outputOption, printObjects } from '../output/format.ts'
import { specOfFlags, specOptions } from '../spec/flags.ts'
import { replacingWholes } from '../spec/patch.ts'
import { dryRunOption } from '../spec/manifest.ts'

/** Changes fields of a hook. Its URL stays the same. */
export const set: Command = {
  details:
    "The flags are those of create. An empty value removes a field: --when ''. Targets are replaced as a whole, and a NAME alone means the same kind as in create. Lists and the labels of --selector are replaced as a whole, too.",
  arguments: [{ name: 'NAME', means: 'the hook', completes: 'hooks' }],
  options: [...specOptions, dryRunOption, outputOption, ...clusterOptions],
  examples: [
    { line: 'set web-up --max 20', means: 'another bound' },
    { line: "set web-up --by 25% --cooldown 2m --when ''", means: 'several fields at once' },
  ],
  showsSecrets: given => given.get(outputOption).as !== 'table',
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    const hook = await readHook(cluster, given.arguments[0] ?? '')
    const spec = specOfFlags(given, hook.spec.driver)
    if (Object.keys(spec).length === 0) throw new UsageError('say what to set: --max 20, for example')
    const dryRun = given.get(dryRunOption)
    if (dryRun === 'client')
      throw new UsageError('set supports only --dry-run server, because the server merges the change')
    const name = hookName(given.arguments[0] ?? '')
    const patch = { spec: replacingWholes(hook.spec, spec) }
    const stored = await patchHook(cluster, name, patch, dryRun === 'server' ? { dryRun: 'All' } : {})
    const format = given.get(outputOption)
    if (!isReceiverHook(stored)) throw new CommandFailure(`${name} is a hook that this version can't read`, 1)
    const same = stored.metadata.generation === hook.metadata.generation
    const what = same ? 'unchanged' : 'changed'
    shell.out.write(
      format.as === 'table'
        ? `${nameOf(stored)} ${what}${dryRun === 'server' ? ' (server dry run)' : ''}\n`
        : await printObjects(format, [stored], false),
    )
    return 0
  },
}
