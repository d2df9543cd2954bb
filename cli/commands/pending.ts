import type { StoredObject } from '../../src/api/object.ts'
import { askerInWords } from '../../src/api/by.ts'
import { requestSpecOf, requestStatusOf } from '../../src/api/run-request.ts'
import type { Command } from '../../src/commands/command.ts'
import { flag } from '../../src/commands/options.ts'
import { humanDuration } from '../output/times.ts'
import { parseTime } from '../../src/environment/time.ts'
import { requests } from '../../src/kube/resources.ts'
import { accessOptions, allNamespaces, namespaceOption, openCluster } from '../cluster/cluster.ts'
import { listObjects } from '../cluster/hooks.ts'
import { colourOption, paintFor } from '../output/colour.ts'
import { table } from '../output/table.ts'

const wide = flag({ flag: 'wide', means: "show each effect's digest, for approve --effect" })

/** Lists the requests that wait for approval. */
export const pending: Command = {
  details: 'Each hook shows only its oldest request. The rest are Queued, and their effect is not known yet.',
  arguments: [],
  options: [namespaceOption, allNamespaces, wide, colourOption, ...accessOptions],
  examples: [
    { line: 'pending', means: 'what is waiting in the namespace' },
    { line: 'pending -A --wide', means: 'in all namespaces, with the digests of the effects' },
  ],
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    const [everywhere, isWide] = [given.get(allNamespaces), given.get(wide)]
    const fieldSelector = 'status.state!=Done'
    const found = await listObjects(cluster, requests, everywhere ? undefined : cluster.namespace, { fieldSelector })
    const waiting = found.filter(request => requestStatusOf(request) !== undefined)
    if (waiting.length === 0) {
      shell.err.write(
        `nothing is waiting for approval ${everywhere ? 'in any namespace' : `in the namespace ${cluster.namespace}`}\n`,
      )
      return 0
    }
    const rows = waiting.toSorted(byAge).map(request => {
      const { by, hook, why = '' } = requestSpecOf(request)
      const { effect, until } = requestStatusOf(request) ?? {}
      const { creationTimestamp = '', name, namespace = '' } = request.metadata
      const left = until === undefined ? '' : humanDuration(Math.max(0, parseTime(until) - shell.clock.now()))
      const age = humanDuration(shell.clock.now() - parseTime(creationTimestamp))
      return [
        ...(everywhere ? [namespace] : []),
        ...[name, hook, effect?.text ?? 'Queued', askerInWords(by), why, age, left],
        ...(isWide ? [effect?.digest ?? ''] : []),
      ]
    })
    const titles = [
      ...(everywhere ? ['NAMESPACE'] : []),
      ...['NAME', 'HOOK', 'WOULD', 'BY', 'WHY', 'AGE', 'LEFT'],
      ...(isWide ? ['EFFECT'] : []),
    ]
    shell.out.write(table(titles, rows, paintFor(given, shell), shell.out.columns()))
    return 0
  },
}

const byAge = (one: StoredObject, other: StoredObject): number =>
  (one.metadata.creationTimestamp ?? '').localeCompare(other.metadata.creationTimestamp ?? '')
