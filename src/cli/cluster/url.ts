import { at, stringAt } from '../../api/json.ts'
import type { ReceiverHook } from '../../api/hook.ts'
import { objectPath } from '../../kube/paths.ts'
import { send } from '../../kube/requests.ts'
import { secrets } from '../../kube/resources.ts'
import { CommandFailure } from '../failure.ts'
import type { Cluster } from './cluster.ts'
import { patienceMs } from './hooks.ts'

/** The URL of a hook: from its status, or from the Secret that it names. Throws what keeps it from having one. */
export const urlOf = async (cluster: Pick<Cluster, 'api'>, hook: ReceiverHook): Promise<string> => {
  const { name, namespace } = hook.metadata
  const { secretName } = hook.spec.token
  if (secretName === undefined) {
    const url = hook.status?.triggerURL
    if (url === undefined) throw none(hook)
    return url
  }
  const path = objectPath(secrets, namespace, secretName)
  const secret = await send(cluster.api, { method: 'GET', path, timeoutMs: patienceMs }).catch((error: unknown) => {
    if (at(error, 'status') === 404) throw none(hook)
    throw error
  })
  const url = Buffer.from(stringAt(secret, 'data', 'url') ?? '', 'base64')
    .toString('utf8')
    .trim()
  if (url !== '' && secret.metadata.ownerReferences?.some(({ uid }) => uid === hook.metadata.uid) === true) return url
  throw new CommandFailure(
    `the Secret ${secretName} in the namespace ${namespace} does not hold the URL of ${name}: it belongs to something else`,
    1,
  )
}

const none = ({ metadata: { name }, status }: ReceiverHook): CommandFailure => {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  const why =
    ready === undefined
      ? 'no controller has looked at it yet; is one running? kubectl receiverhook doctor tells'
      : `${ready.reason}: ${ready.message}`
  return new CommandFailure(`${name} has no URL yet: ${why}`, 1)
}
