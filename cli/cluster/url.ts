import type { ReceiverHook } from '../../src/api/hook.ts'
import { read } from '../../src/kube/requests.ts'
import { secrets } from '../../src/kube/resources.ts'
import { hookURL, isBeforeRotation, urlSecretOf, type HookURL } from './hook-url.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import type { Cluster } from './cluster.ts'
import { interactiveTimeoutMs } from './hooks.ts'

/**
 * Returns the URL of a hook, from its status or from the Secret with its secret part. Throws an error
 * that says why the hook has no URL, or only the one from before a rotation.
 */
export const urlOfHook = async ({ api }: Pick<Cluster, 'api'>, hook: ReceiverHook): Promise<HookURL> => {
  const { name, namespace } = hook.metadata
  const secretName = urlSecretOf(hook)
  const secret =
    secretName === undefined
      ? undefined
      : await read(api, secrets, namespace, secretName, { timeoutMs: interactiveTimeoutMs })
  const found = hookURL(hook, secret)
  if (!('problem' in found)) {
    if (isBeforeRotation(hook)) throw none(hook, `no URL for rotation ${hook.spec.token.rotation}`)
    return found
  }
  switch (found.problem) {
    case 'none':
      throw none(hook, 'no URL')
    case 'foreign':
      throw new CommandFailure(
        `the Secret ${secretName} in the namespace ${namespace} does not hold the URL of ${name}: it belongs to something else`,
        1,
      )
    case 'unusable':
      throw new CommandFailure(
        `${name} has no usable URL: ${found.message}. It may have been changed; the controller repairs it within seconds`,
        1,
      )
  }
}

const none = ({ metadata: { generation, name }, status }: ReceiverHook, what: string): CommandFailure => {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  const why = whyNone(ready, status?.observedGeneration === generation)
  return new CommandFailure(`${name} has ${what} yet: ${why}`, 1)
}

const whyNone = (
  ready: { readonly status: string; readonly reason: string; readonly message: string } | undefined,
  isCurrent: boolean,
): string => {
  if (ready === undefined)
    return 'no controller has checked it yet. Check whether one is running: kubectl receiverhook doctor'
  if (ready.status !== 'True' && isCurrent) return `${ready.reason}: ${ready.message}`
  return 'the controller is publishing it; try again in a moment, or check whether a controller is running: kubectl receiverhook doctor'
}
