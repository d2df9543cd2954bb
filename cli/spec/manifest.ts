import { violations } from '../../src/api/guard.ts'
import { tryParseJson } from '../../src/api/json.ts'
import { apiVersion, hookKind, objectNameRule } from '../../src/api/names.ts'
import { isKubeObject, type KubeObject } from '../../src/api/object.ts'
import { hookSpecSchema } from '../../src/drivers/schemas.ts'
import { ApiError } from '../../src/kube/errors.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { hooks } from '../../src/kube/resources.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { interactiveTimeoutMs, writing, readHook } from '../cluster/hooks.ts'
import { UsageError, type ParsedLine, type Option } from '../../src/commands/command.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { nameOf, outputOption, printObjects } from '../output/format.ts'
import type { Shell } from '../../src/commands/shell.ts'
import { withDefaults } from './defaults.ts'
import { flagOf } from './flags.ts'
import type { Condition } from '../../src/api/conditions.ts'
import { isReason, reasons } from '../../src/api/reasons.ts'
import { wait } from '../../src/environment/wait.ts'

/**
 * How long to wait for the controller's first status of a new hook, and how often to read it, in
 * milliseconds.
 */
const withinMs = 2_000
const lookEveryMs = 100

/** Returns the message after a hook is created: whether it is ready, and where its URL is. */
const nextOf = async (cluster: Cluster, shell: Shell, name: string): Promise<string> => {
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

export type DryRun = 'none' | 'client' | 'server'

/**
 * The value is required, as in kubectl. If `--dry-run` stood before a name without a value, the
 * name could be taken for the value.
 */
export const dryRunOption: Option<DryRun> = {
  flag: 'dry-run',
  value: 'client|server',
  means: 'client: print what would be sent; server: let the API server check it, and store nothing',
  choices: ['client', 'server', 'none'],
  read: texts => {
    const word = texts.at(-1) ?? 'none'
    if (word === 'none' || word === 'client' || word === 'server') return word
    throw new UsageError(`--dry-run must be client or server, not ${word}`)
  },
}

/** Returns the manifest of a hook. */
const manifestOf = (namespace: string, name: string, spec: unknown) => ({
  apiVersion,
  kind: hookKind,
  metadata: { name, namespace },
  spec,
})

/**
 * Checks the name of a new hook, and its spec against the schema. Names the flag of each wrong field.
 * Throws {@link UsageError}.
 */
export const checkHook = (name: string, spec: unknown): void => {
  const found = [
    ...(objectNameRule.holds(name) ? [] : [{ path: 'metadata.name', message: objectNameRule.message }]),
    ...violations(hookSpecSchema, withDefaults(hookSpecSchema, spec), 'spec'),
  ]
  if (found.length === 0) return
  throw new UsageError(found.map(({ message, path }) => `${flagOf(path) ?? path}: ${message}`).join('\n'))
}

/** Creates a hook, or prints it in a dry run. */
export const createHook = async (
  cluster: Cluster,
  given: ParsedLine,
  shell: Shell,
  name: string,
  spec: unknown,
): Promise<void> => {
  const { api, namespace } = cluster
  const { err, out, program } = shell
  const dryRun = given.get(dryRunOption)
  const manifest = manifestOf(namespace, name, spec)
  if (dryRun === 'client') {
    out.write(await shown(manifest, given))
    return
  }
  const answer = await api.request({
    method: 'POST',
    path: collectionPath(hooks, namespace),
    query: { ...writing, ...(dryRun === 'server' ? { dryRun: 'All' } : {}) },
    body: JSON.stringify(manifest),
    lane: 'bulk',
    timeoutMs: interactiveTimeoutMs,
  })
  // The hook in the answer to a dry run has no resourceVersion, so none is required.
  const stored = tryParseJson(answer.body)
  if (answer.status !== 201 || !isKubeObject(stored)) {
    const error = new ApiError(answer, `create of ${name}`)
    if (error.reason !== 'AlreadyExists') throw error
    const advice = `choose another name, or change it: ${program} set ${name} -n ${namespace}`
    throw new CommandFailure(`there is already a hook ${name} in the namespace ${namespace}; ${advice}`, 1)
  }
  out.write(await shown(stored, given))
  if (given.get(outputOption).as === 'table' && dryRun === 'none') err.write(await nextOf(cluster, shell, name))
}

const shown = async (hook: KubeObject, given: ParsedLine): Promise<string> => {
  const format = given.get(outputOption)
  const dryRun = given.get(dryRunOption)
  if (format.as !== 'table') return await printObjects(format, [hook], false)
  return `${nameOf(hook)} created${dryRun === 'none' ? '' : ` (${dryRun} dry run)`}\n`
}
