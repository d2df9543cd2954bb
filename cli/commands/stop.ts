import { objectPath } from '../../src/kube/paths.ts'
import { sendMergePatch, send } from '../../src/kube/requests.ts'
import { configMaps } from '../../src/kube/resources.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import { publicKeysConfigMap } from '../../src/token/published.ts'
import { stopIn, stopPatch, stopText, type Stop } from '../../src/token/stop.ts'
import { accessOptions, openCluster, type Cluster } from '../cluster/cluster.ts'
import { interactiveTimeoutMs } from '../cluster/hooks.ts'
import { systemNamespaceFlag, systemNamespaceOption } from '../cluster/system.ts'
import { UsageError, type Command, type ParsedLine } from '../../src/commands/command.ts'
import { flag, text } from '../../src/commands/options.ts'
import type { Shell } from '../../src/commands/shell.ts'

const reason = text({ flag: 'reason', value: 'TEXT', means: 'why, for people who look at it later (required)' })
const all = flag({ flag: 'all', means: 'stop `onResolved: undo` too, so that nothing at all is changed' })

/** Returns the cluster, with the namespace of the installation. */
const installationOf = async (given: ParsedLine, shell: Shell): Promise<Cluster> => ({
  ...(await openCluster(given, shell)),
  namespace: given.get(systemNamespaceOption),
})

/**
 * Reads whether and how all hooks are stopped. Returns undefined if they are not. Throws the API
 * server's errors.
 */
const readStop = async ({ api, namespace }: Cluster): Promise<Stop | undefined> => {
  const path = objectPath(configMaps, namespace, publicKeysConfigMap)
  const { metadata } = await send(api, { method: 'GET', path, timeoutMs: interactiveTimeoutMs })
  return stopIn(metadata.annotations)
}

const writeStop = async ({ api, namespace }: Cluster, stop: Stop | undefined): Promise<void> => {
  const path = objectPath(configMaps, namespace, publicKeysConfigMap)
  const patch = { metadata: { annotations: stopPatch(stop) } }
  await sendMergePatch(api, path, patch, { timeoutMs: interactiveTimeoutMs })
}

/** Stops all hooks of an installation. */
export const stop: Command = {
  details: `Within two seconds no replica runs a hook: every post gets 503 with Retry-After, so that senders try again. Hooks still undo steps when alerts end, and leases still end, unless you add --all. The stop is an annotation on the ConfigMap ${publicKeysConfigMap}, so you need the right to patch it.`,
  options: [reason, all, systemNamespaceOption, ...accessOptions],
  examples: [
    { line: 'stop --reason "storm of alerts, incident 42"', means: 'everything, for now' },
    { line: 'stop --all --reason "etcd is being restored"', means: 'nothing is changed at all' },
  ],
  run: async (given, shell) => {
    const why = given.get(reason)?.trim() ?? ''
    if (why === '') throw new UsageError('say why with --reason: others have to decide when to start again')
    const cluster = await installationOf(given, shell)
    await writeStop(cluster, { reason: why, all: given.get(all), at: rfc3339(shell.clock.now()) })
    shell.out.write('all hooks are stopped within two seconds\n')
    shell.err.write(`posts get 503 until you run: ${shell.program} start${systemNamespaceFlag(cluster.namespace)}\n`)
    return 0
  },
}

/** Lets the hooks of an installation run again. */
export const start: Command = {
  details: 'Posts that arrived meanwhile got 503. They run only if their senders try again.',
  options: [systemNamespaceOption, ...accessOptions],
  examples: [{ line: 'start', means: 'undo a stop' }],
  run: async (given, shell) => {
    const cluster = await installationOf(given, shell)
    const former = await readStop(cluster)
    if (former) await writeStop(cluster, undefined)
    shell.out.write(former ? 'all hooks run again within two seconds\n' : 'hooks were not stopped\n')
    if (former) shell.err.write(`before, ${stopText(former)}\n`)
    return 0
  },
}
