import { isReceiverHook, type ReceiverHook } from '../../src/api/hook.ts'
import { hooks } from '../../src/kube/resources.ts'
import { forEachOf } from '../at-once.ts'
import { UsageError, type Argument, type ParsedLine, type Option } from '../../src/commands/command.ts'
import { explain } from '../explain.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { flag, text } from '../../src/commands/options.ts'
import type { Shell } from '../../src/commands/shell.ts'
import { accessOptions, allNamespaces, namespaceOption, type Cluster } from './cluster.ts'
import { listObjects, readHook } from './hooks.ts'

const selector = text({
  flag: 'selector',
  short: 'l',
  value: 'LABELS',
  means: 'those with these labels: app=web',
})
const all = flag({ flag: 'all', means: 'every hook in the namespace, or in all namespaces with -A' })

/** Arguments and flags of a command that acts on hooks by name or by selection. */
export const chosenArguments: readonly Argument[] = [
  { name: 'NAME', means: 'the hooks; or choose them with -l or --all', optional: true, many: true, completes: 'hooks' },
]
export const chosenOptions: readonly Option<unknown>[] = [
  selector,
  all,
  namespaceOption,
  allNamespaces,
  ...accessOptions,
]

/**
 * Returns the hooks that a command line names or selects. Throws {@link UsageError} if a command
 * line does neither or both, or has an empty selector. Otherwise a forgotten word, or a variable of a
 * script that is not set, could select all hooks.
 */
export const chosenHooks = async (
  given: ParsedLine,
  cluster: Cluster,
  shell: Shell,
): Promise<readonly ReceiverHook[]> => {
  const names = given.arguments
  const labelSelector = given.get(selector)
  if (labelSelector?.trim() === '') {
    throw new UsageError('-l names no labels, so it would choose every hook: use --all for that')
  }
  const everywhere = given.get(allNamespaces)
  const chooses = labelSelector !== undefined || given.get(all)
  if (names.length > 0) {
    if (chooses || everywhere) throw new UsageError('use either names or -l, --all or -A')
    return await Promise.all(names.map(name => readHook(cluster, name)))
  }
  if (!chooses) throw new UsageError('name the hooks, or choose them with -l LABELS or --all')
  const items = await listObjects(
    cluster,
    hooks,
    everywhere ? undefined : cluster.namespace,
    labelSelector === undefined ? {} : { labelSelector },
  )
  const known = items.filter(isReceiverHook)
  if (known.length < items.length) {
    shell.err.write(`left alone: ${items.length - known.length} hooks that this version can't read\n`)
  }
  if (known.length === 0) {
    const where = everywhere ? 'in any namespace' : `in the namespace ${cluster.namespace}`
    const which = labelSelector === undefined ? 'there is no hook' : `no hook has the labels ${labelSelector}`
    throw new CommandFailure(`${which} ${where}`, 1)
  }
  return known
}

/**
 * Runs `work` for each hook, with the cluster set to the hook's namespace, for a few hooks at the
 * same time. An error for one of several hooks is printed, and the work on the
 * others continues. Resolves with the exit code of the first error, or 0. With only one hook, its
 * error is thrown.
 */
export const forEachHook = async (
  found: readonly ReceiverHook[],
  cluster: Cluster,
  shell: Shell,
  work: (hook: ReceiverHook, cluster: Cluster) => Promise<void>,
): Promise<number> => {
  const exitCodes: number[] = []
  const each = async (hook: ReceiverHook): Promise<void> => {
    const { name, namespace } = hook.metadata
    try {
      await work(hook, { ...cluster, namespace })
    } catch (error) {
      if (found.length === 1) throw error
      const { exitCode, message } = explain(error, shell)
      exitCodes.push(exitCode)
      shell.err.write(`${namespace}/${name}: ${message}\n`)
    }
  }
  await forEachOf(found, each, shell.stop)
  const failed = exitCodes.length
  if (failed > 0) shell.err.write(`${failed} of ${found.length} hooks failed\n`)
  return exitCodes[0] ?? 0
}
