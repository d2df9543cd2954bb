import type { Condition } from '../../src/api/conditions.ts'
import { isReason, reasons } from '../../src/api/reasons.ts'
import { wait } from '../../src/environment/wait.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { readHook } from '../cluster/hooks.ts'
import type { Shell } from '../../src/commands/shell.ts'

/**
 * How long to wait for the controller's first status of a new hook, and how often to read it, in
 * milliseconds.
 */
const withinMs = 2_000
const lookEveryMs = 100

/** Returns the message after a hook is created: whether it is ready, and where its URL is. */
export const nextOf = async (cluster: Cluster, shell: Shell, name: string): Promise<string> => {
  const { program } = shell
  const at = `-n ${cluster.namespace}`
  const url = `Its URL: ${program} url ${name} ${at}\n`
  const ready = await readyOf(cluster, shell, name)
  if (ready === undefined) return `no controller has checked ${name} yet; if none does: ${program} doctor ${at}\n${url}`
  if (ready.status === 'True') return `${name} is ready. ${url}`
  const todo = isReason(ready.reason) ? `${reasons[ready.reason].todo}\n` : ''
  return `${name} is not ready yet (${ready.reason}): ${ready.message}\n${todo}${url}`
}

/**
 * Returns the condition `Ready` of a new hook. Returns undefined if the controller does not set it
 * in time, or if the user may not read the hook.
 */
const readyOf = async (cluster: Cluster, { clock, stop }: Shell, name: string): Promise<Condition | undefined> => {
  const end = clock.monotonic() + withinMs
  while (clock.monotonic() < end && !stop.aborted) {
    const hook = await readHook(cluster, name).catch(() => undefined)
    if (hook === undefined) return undefined
    const { metadata, status } = hook
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    if (ready !== undefined && status?.observedGeneration === metadata.generation) return ready
    await wait(clock, lookEveryMs, stop)
  }
  return undefined
}
