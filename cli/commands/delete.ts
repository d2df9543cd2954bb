import type { ReceiverHook } from '../../src/api/hook.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { hasNamedURL } from '../../src/api/named.ts'
import { hooks } from '../../src/kube/resources.ts'
import { ApiError } from '../../src/kube/errors.ts'
import { chosenArguments, chosenHooks, chosenOptions, forEachHook } from '../cluster/chosen.ts'
import { openCluster, type Cluster } from '../cluster/cluster.ts'
import { interactiveTimeoutMs } from '../cluster/hooks.ts'
import type { Command } from '../../src/commands/command.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { flag } from '../../src/commands/options.ts'
import { nameIn } from '../output/format.ts'

const yes = flag({ flag: 'yes', short: 'y', means: 'delete without asking' })

/** Deletes hooks. Their URLs never work again, unless they are named. */
export const deleteCommand: Command = {
  details:
    'If you later create a hook with the same name, it gets another URL. Only a named URL (token.url: named) stays the same.',
  arguments: chosenArguments,
  options: [yes, ...chosenOptions],
  examples: [
    { line: 'delete web-up', means: 'a hook, and its URL with it' },
    { line: 'delete -l team=shop', means: 'the hooks with a label' },
  ],
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    const found = await chosenHooks(given, cluster, shell)
    if (shell.input.isTerminal && !given.get(yes)) {
      shell.err.write(`Delete ${namesOf(found)}${urlsOf(found)} [y/N] `)
      const answer = await shell.input.line()
      if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailure('nothing was deleted', 1)
    }
    return await forEachHook(found, cluster, shell, async (hook, there) => {
      await removeOne(there, hook.metadata.name, hook.metadata.uid)
      shell.out.write(`${nameIn(hook, cluster.namespace)} deleted\n`)
    })
  },
}

/** How many names the question lists at most. More would fill the screen. */
const maxNames = 10

const namesOf = (found: readonly ReceiverHook[]): string => {
  const names = found.slice(0, maxNames).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  return `${names.join(', ')}${found.length > maxNames ? ` and ${found.length - maxNames} more` : ''}`
}

/** Returns the end of the question, which says what happens to the URLs. */
const urlsOf = (found: readonly ReceiverHook[]): string => {
  const named = found.filter(({ spec }) => hasNamedURL(spec)).length
  const again = 'A named URL works again as soon as a hook has the name.'
  if (named === found.length) return `? ${again}`
  return `, and ${found.length === 1 ? 'the URL' : 'their URLs'} for good?${named === 0 ? '' : ` ${again}`}`
}

/** Deletes a hook by its uid, so that a new hook of the same name is not deleted. */
const removeOne = async ({ api, namespace }: Cluster, name: string, uid: string): Promise<void> => {
  const path = objectPath(hooks, namespace, name)
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } })
  const answer = await api.request({ method: 'DELETE', path, body, lane: 'bulk', timeoutMs: interactiveTimeoutMs })
  if (answer.status >= 300 && answer.status !== 404) throw new ApiError(answer, `delete of ${name}`)
}
