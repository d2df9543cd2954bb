import { objectPath } from '../../kube/paths.ts'
import { hooks } from '../../kube/resources.ts'
import { ApiError } from '../../kube/errors.ts'
import { clusterOptions, openCluster, type Cluster } from '../cluster/cluster.ts'
import { patienceMs, readHook } from '../cluster/hooks.ts'
import type { Command } from '../command.ts'
import { CommandFailure } from '../failure.ts'
import { flag } from '../options.ts'
import { nameOf } from '../output/format.ts'

const yes = flag({ flag: 'yes', short: 'y', means: 'delete without asking' })

/** Deletes hooks; their URLs are dead for good. */
export const remove: Command = {
  details: 'If you create a hook of the same name again, it has another URL.',
  arguments: [{ name: 'NAME', means: 'the hooks', many: true, completes: 'hooks' }],
  options: [yes, ...clusterOptions],
  examples: [{ line: 'delete web-up', means: 'a hook, and its URL with it' }],
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    const found = await Promise.all(given.arguments.map(name => readHook(cluster, name)))
    if (shell.input.isTerminal && !given.get(yes)) {
      const names = found.map(({ metadata }) => metadata.name).join(', ')
      shell.err.write(`Delete ${names} in ${cluster.namespace}, and the URL for good? [y/N] `)
      const answer = await shell.input.line()
      if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailure('nothing was deleted', 1)
    }
    for (const hook of found) {
      await removeOne(cluster, hook.metadata.name, hook.metadata.uid)
      shell.out.write(`${nameOf(hook)} deleted\n`)
    }
    return 0
  },
}

/** The very hook that was looked at, not another one that took its name meanwhile. */
const removeOne = async ({ api, namespace }: Cluster, name: string, uid: string): Promise<void> => {
  const path = objectPath(hooks, namespace, name)
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } })
  const answer = await api.request({ method: 'DELETE', path, body, lane: 'bulk', timeoutMs: patienceMs })
  if (answer.status >= 300 && answer.status !== 404) throw new ApiError(answer, `delete of ${name}`)
}
