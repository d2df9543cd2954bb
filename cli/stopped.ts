import { stopText } from '../src/token/stop.ts'
import type { Cluster } from './cluster/cluster.ts'
import { readPublicKeys, systemNamespaceFlag, systemNamespaceOption } from './cluster/system.ts'
import type { ParsedLine } from '../src/commands/command.ts'
import { printable } from './output/table.ts'
import type { Shell } from '../src/commands/shell.ts'

/** Says on the error output that all hooks are stopped, if they are and the user may see it. */
export const sayIfStopped = async (cluster: Pick<Cluster, 'api'>, given: ParsedLine, shell: Shell): Promise<void> => {
  const namespace = given.get(systemNamespaceOption)
  const { stop } = await readPublicKeys(cluster, namespace).catch(() => ({ stop: undefined }))
  if (stop === undefined) return
  shell.err.write(
    `${printable(stopText(stop))}. To let them run again: ${shell.program} start${systemNamespaceFlag(namespace)}\n`,
  )
}
