import { isReceiverHook, type ReceiverHook } from '../../src/api/hook.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { hooks } from '../../src/kube/resources.ts'
import type { Selectors } from '../../src/kube/source.ts'
import { accessOptions, allNamespaces, namespaceOption, openCluster, type Cluster } from '../cluster/cluster.ts'
import { countReader } from '../cluster/counts.ts'
import { followObjects } from '../cluster/follow.ts'
import { hookName, listObjects, readHook } from '../cluster/hooks.ts'
import { systemNamespaceOption } from '../cluster/system.ts'
import { UsageError, type Command, type ParsedLine } from '../../src/commands/command.ts'
import { flag, text } from '../../src/commands/options.ts'
import { colourOption, paintFor } from '../output/colour.ts'
import { outputOption, printObjects, type Format } from '../output/format.ts'
import { paced } from '../output/paced.ts'
import { tableRowOf, titlesOf } from '../output/rows.ts'
import { table } from '../output/table.ts'
import type { Shell } from '../../src/commands/shell.ts'
import { sayIfStopped } from '../stopped.ts'

const labels = text({ flag: 'selector', short: 'l', value: 'LABELS', means: 'only those with these labels: app=web' })
const fields = text({
  flag: 'field-selector',
  value: 'FIELDS',
  means: 'only those with these fields: metadata.name=web-up',
})
const watch = flag({
  flag: 'watch',
  short: 'w',
  means: 'keep watching, and show each change; a terminal redraws the table',
})
const noHeaders = flag({ flag: 'no-headers', means: 'leave out the header line' })

/** Lists hooks as a table, or in kubectl's other formats. */
export const get: Command = {
  details:
    "COUNT is how many replicas the target wants now, with the hook's bounds. LAST is the newest delivery's outcome, and how long ago it was.",
  arguments: [{ name: 'NAME', means: 'hooks; all by default', optional: true, many: true, completes: 'hooks' }],
  options: [
    namespaceOption,
    allNamespaces,
    labels,
    fields,
    outputOption,
    watch,
    noHeaders,
    colourOption,
    systemNamespaceOption,
    ...accessOptions,
  ],
  examples: [
    { line: 'get', means: "the namespace's hooks" },
    { line: 'get -A -o wide', means: 'all of them, with who last ran them' },
    { line: 'get -w', means: 'a table that updates itself' },
    { line: 'get web-up -o yaml', means: 'everything, including the URL' },
  ],
  showsSecrets: given => given.get(outputOption).as !== 'table',
  run: async (given, shell) => {
    const everywhere = given.get(allNamespaces)
    if (everywhere && given.arguments.length > 0) throw new UsageError('use either a name or --all-namespaces')
    const cluster = await openCluster(given, shell)
    const format = given.get(outputOption)
    if (format.as === 'table') await sayIfStopped(cluster, given, shell)
    if (given.get(watch)) return await following(given, shell, cluster, format)
    const objects = await find(given, cluster)
    if (format.as !== 'table') {
      shell.out.write(await printObjects(format, objects, given.arguments.length !== 1))
      return 0
    }
    if (objects.length === 0) {
      const where = everywhere ? 'in any namespace' : `in the namespace ${cluster.namespace}`
      const chosen = Object.values(selectorsOf(given)).join(' and ')
      shell.err.write(chosen === '' ? `no hooks ${where}\n` : `no hook ${where} has ${chosen}\n`)
      return 0
    }
    const known = objects.filter(isReceiverHook)
    const others = objects.length - known.length
    if (others > 0) {
      shell.err.write(`left out: ${others} ${others === 1 ? 'hook' : 'hooks'} that this version can't read\n`)
    }
    shell.out.write(await tableMaker(given, shell, cluster)(known))
    return 0
  },
}

const selectorsOf = (given: ParsedLine): Selectors => {
  const [labelSelector, fieldSelector] = [given.get(labels), given.get(fields)]
  return {
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  }
}

const find = async (given: ParsedLine, cluster: Cluster): Promise<readonly StoredObject[]> => {
  if (given.arguments.length > 0) return await Promise.all(given.arguments.map(name => readHook(cluster, name)))
  const namespace = given.get(allNamespaces) ? undefined : cluster.namespace
  return await listObjects(cluster, hooks, namespace, selectorsOf(given))
}

/** Makes tables of hooks. A later one takes counts from an earlier one where they are good. */
const tableMaker = (given: ParsedLine, shell: Shell, cluster: Cluster) => {
  const format = given.get(outputOption)
  const shape = { namespaces: given.get(allNamespaces), wide: format.as === 'table' && format.wide }
  const countsOf = countReader(cluster, shell.clock)
  return async (found: readonly ReceiverHook[], titled = !given.get(noHeaders)): Promise<string> => {
    const counts = await countsOf(found)
    const rows = found.map(hook => tableRowOf(hook, { ...shape, counts, now: shell.clock.now() }))
    const lines = table(titlesOf(shape), rows, paintFor(given, shell), shell.out.columns())
    return titled ? lines : lines.slice(lines.indexOf('\n') + 1)
  }
}

/** How long a terminal shows a table at least, in milliseconds. */
const redrawMs = 500

/**
 * Follows the hooks. In the format of a table, a terminal shows the whole table again after each
 * change, and a pipe gets a line for each changed hook, as from kubectl. In other formats each
 * changed hook is printed.
 */
const following = async (given: ParsedLine, shell: Shell, cluster: Cluster, format: Format): Promise<number> => {
  if (given.arguments.length > 1) throw new UsageError('--watch takes one name, or none')
  const [name] = given.arguments
  // Fails immediately if no hook has this name. Otherwise the command would wait forever without a
  // message.
  if (name !== undefined) await readHook(cluster, name)
  const source = {
    type: hooks,
    ...(!given.get(allNamespaces) && { namespace: cluster.namespace }),
    ...selectorsOf(given),
    ...(name !== undefined && { fieldSelector: `metadata.name=${hookName(name)}` }),
  }
  const present = new Map<string, ReceiverHook>()
  const tableOf = tableMaker(given, shell, cluster)
  const redraw = paced(shell.clock, redrawMs, shell.stop, async () => {
    const all = [...present.values()].toSorted((a, b) => rowKey(a).localeCompare(rowKey(b)))
    const text = await tableOf(all)
    shell.out.clear()
    await sayIfStopped(cluster, given, shell)
    shell.out.write(text)
  })
  let titled = !given.get(noHeaders)
  const show = async (changed: readonly ReceiverHook[]): Promise<void> => {
    if (format.as !== 'table') {
      for (const hook of changed) shell.out.write(await printObjects(format, [hook], false))
    } else if (shell.out.isTerminal) {
      await redraw.soon()
    } else if (changed.length > 0) {
      shell.out.write(await tableOf(changed, titled))
      titled = false
    }
  }
  for await (const event of followObjects(cluster, source, shell)) {
    if (event.change === 'list') {
      present.clear()
      const found = event.objects.filter(isReceiverHook)
      for (const hook of found) present.set(rowKey(hook), hook)
      await show(found)
    } else if (isReceiverHook(event.object)) {
      if (event.change === 'removed') present.delete(rowKey(event.object))
      else present.set(rowKey(event.object), event.object)
      await show([event.object])
    }
  }
  await redraw.done()
  return 0
}

const rowKey = ({ metadata }: ReceiverHook): string => `${metadata.namespace}/${metadata.name}`
