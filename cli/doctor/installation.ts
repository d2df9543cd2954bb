import { at, stringAt, tryParseJson } from '../../src/api/json.ts'
import { group, hookPlural, apiVersionName } from '../../src/api/names.ts'
import { recordPlural } from '../../src/api/record.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { parseTime } from '../../src/environment/time.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { ApiError, isStatus } from '../../src/kube/errors.ts'
import { objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { readServerTime } from '../cluster/server-time.ts'
import { leases } from '../../src/kube/resources.ts'
import { controllerLease } from '../../src/token/published.ts'
import { stopText } from '../../src/token/stop.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { listObjects, interactiveTimeoutMs } from '../cluster/hooks.ts'
import { readPublicKeys, systemNamespaceFlag } from '../cluster/system.ts'
import { failure, firstNamesOf, ok, warning, type Finding } from './finding.ts'
import { pageURL } from '../../src/api/site.ts'

/**
 * Returns the finding for a check that failed, for example because it is forbidden. The other
 * checks continue.
 */
export const unseen = (about: string, error: unknown): Finding => {
  // If the API server cannot be reached, or does not know the user, no check works. So the command
  // reports that only once.
  if (error instanceof Unreachable || isStatus(error, 401)) throw error
  const why = error instanceof ApiError && error.status === 403 ? 'you may not read it' : "it can't be read"
  const message = error instanceof Error ? error.message : String(error)
  if (isStatus(error, 404))
    return failure(about, `it does not exist: ${message}`, `Install it: ${pageURL('docs/how-to/install.md')}`)
  return { ...warning(about, `${why}: ${message}`, 'Ask someone who may.'), unseen: true }
}

/** The only finding in a cluster that does not have the product. */
export const notInstalled: readonly Finding[] = [
  failure(
    'installation',
    'Receiver Hooks is not installed in this cluster',
    `Install it, or choose another context: ${pageURL('docs/how-to/install.md')}`,
  ),
]

/** Checks that the API server serves both CRDs in this program's version. */
export const checkDefinitions = async ({ api }: Pick<Cluster, 'api'>): Promise<readonly Finding[]> => {
  const path = `/apis/${group}/${apiVersionName}`
  const answer = await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: interactiveTimeoutMs })
  // Only 404 says that they are not served.
  if (answer.status !== 200 && answer.status !== 404) {
    const error = new ApiError(answer, `GET ${path}`)
    if (answer.status < 500) throw error
    return [failure('definitions', error.message, 'Check the API server: kubectl get --raw /readyz?verbose says more.')]
  }
  const resources: unknown = at(tryParseJson(answer.body), 'resources')
  const served = Array.isArray(resources) ? resources.map(resource => stringAt(resource, 'name')) : []
  if (!served.includes(hookPlural) && !served.includes(recordPlural)) return notInstalled
  return [hookPlural, recordPlural].map(name =>
    served.includes(name)
      ? ok('definitions', `${name} are served as ${group}/${apiVersionName}`)
      : failure(
          'definitions',
          `${name} are not served as ${group}/${apiVersionName}`,
          `Apply this version's crds/: ${pageURL('docs/how-to/install.md')}`,
        ),
  )
}

/**
 * Checks that the namespace exists. In a namespace that does not exist, every other check would
 * pass.
 */
export const checkNamespace = async ({
  api,
  namespace,
}: Pick<Cluster, 'api' | 'namespace'>): Promise<readonly Finding[]> => {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}`
  const answer = await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: interactiveTimeoutMs })
  // A user without the right to read namespaces gets 403. The other checks show whether the
  // namespace holds anything.
  if (answer.status !== 404) return []
  return [failure('namespace', `there is no namespace ${namespace}`, 'Name another one with -n, or create it.')]
}

/**
 * Compares the clocks of this machine and of the API server. A wrong clock makes URLs expire too
 * soon or too late.
 */
export const checkClock = async ({ api }: Pick<Cluster, 'api'>, now: () => number): Promise<Finding> => {
  const server = await readServerTime(api, interactiveTimeoutMs)
  if (server === undefined) return ok('clock', 'the API server does not say what time it is')
  const off = Math.round(Math.abs(now() - server) / 1000)
  return off <= 30
    ? ok('clock', `this machine and the API server agree within ${Math.max(1, off)} s`)
    : warning(
        'clock',
        `this machine and the API server are ${off} s apart`,
        'Set the clocks right (NTP): tokens with expiresAfter depend on it.',
      )
}

/** The default duration of a lease, in seconds. */
const leaseSeconds = 15

/**
 * Checks that a controller is elected and alive. The API server's clock decides, because that of this
 * machine may be wrong. `now` counts only where the API server does not say its time.
 */
export const checkLeader = async (
  { api }: Pick<Cluster, 'api'>,
  namespace: string,
  now: () => number,
): Promise<Finding> => {
  const path = objectPath(leases, namespace, controllerLease)
  const lease = await send(api, { method: 'GET', path, timeoutMs: interactiveTimeoutMs }).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  })
  const holder = stringAt(lease, 'spec', 'holderIdentity') ?? ''
  const renewed = parseTime(stringAt(lease, 'spec', 'renewTime') ?? '')
  const todo = 'Start a controller, and check its log. If it is in another namespace, add --system-namespace.'
  if (holder === '') return failure('controller', `no controller leads in the namespace ${namespace}`, todo)
  const lives = Number(at(lease, 'spec', 'leaseDurationSeconds') ?? leaseSeconds)
  const checkedAt = (await readServerTime(api, interactiveTimeoutMs)) ?? now()
  const silent = Math.round((checkedAt - renewed) / 1000)
  // Allows twice the lease's duration, because clocks may differ by some seconds.
  return silent > lives * 2
    ? failure('controller', `${holder} led, and has been silent for ${silent} s`, todo)
    : ok('controller', `${holder} leads`)
}

export const checkKeys = async (cluster: Pick<Cluster, 'api' | 'namespace'>, namespace: string): Promise<Finding> => {
  const { jwks } = await readPublicKeys(cluster, namespace)
  const found: unknown = at(tryParseJson(jwks), 'keys')
  const number = Array.isArray(found) ? found.length : 0
  if (number === 0) return failure('keys', 'no signing key is published, so no URL works', lookAtSigningKeys)
  return ok('keys', `${number === 1 ? 'one signing key is' : `${number} signing keys are`} published`)
}

/** What to do if no key is published. */
const lookAtSigningKeys = `Check the controller's log and Events: ${pageURL('docs/how-to/monitor.md')}`

/** Checks that hooks are not stopped. */
export const checkStop = async (cluster: Pick<Cluster, 'api' | 'namespace'>, namespace: string): Promise<Finding> => {
  const { stop } = await readPublicKeys(cluster, namespace)
  return stop
    ? failure(
        'stop',
        stopText(stop),
        `Once the reason no longer applies: kubectl receiverhook start${systemNamespaceFlag(namespace)}`,
      )
    : ok('stop', 'hooks are not stopped')
}

const deployments: ResourceType = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }

const ownDeployments = (
  cluster: Pick<Cluster, 'api' | 'namespace'>,
  namespace: string,
): Promise<readonly StoredObject[]> =>
  listObjects(cluster, deployments, namespace, { labelSelector: 'app.kubernetes.io/name=receiver-hooks' })

/**
 * Checks that each Deployment of the product has enough ready replicas, and this program's version.
 */
export const checkDeployments = async (
  cluster: Pick<Cluster, 'api' | 'namespace'>,
  namespace: string,
  own: string,
): Promise<readonly Finding[]> => {
  const items = await ownDeployments(cluster, namespace)
  if (items.length === 0) {
    return [
      warning(
        'replicas',
        `there is no Receiver Hooks Deployment in the namespace ${namespace}`,
        'If it runs in another namespace, add --system-namespace. If it runs outside the cluster, like the playground, do nothing.',
      ),
    ]
  }
  return items.flatMap(item => [replicasOf(item), versionOf(item, own)])
}

/** Finds hooks outside of the namespaces that the installation serves. */
export const checkServedNamespaces = async (
  cluster: Pick<Cluster, 'api' | 'namespace'>,
  namespace: string,
  items: Promise<readonly StoredObject[]>,
): Promise<readonly Finding[]> => {
  const flag = '--watch-namespace='
  const args = (await ownDeployments(cluster, namespace)).flatMap(item => at(containerOf(item), 'args') ?? [])
  const given = args.filter(arg => typeof arg === 'string').filter(arg => arg.startsWith(flag))
  const served = new Set(given.map(arg => arg.slice(flag.length).replace('$(POD_NAMESPACE)', namespace)))
  if (served.size === 0) return []
  const said = `the installation serves the hooks in ${[...served].join(', ')}`
  const others = (await items).filter(({ metadata }) => !served.has(metadata.namespace ?? ''))
  if (others.length === 0) return [ok('namespaces', said)]
  const todo = "Add their namespaces to the chart's watchNamespaces, if no other installation serves them."
  return [warning('namespaces', `${said}, but not ${firstNamesOf(others)}`, todo)]
}

const containerOf = (item: StoredObject): unknown => {
  const containers: unknown = at(item, 'spec', 'template', 'spec', 'containers')
  return Array.isArray(containers) ? containers[0] : undefined
}

const replicasOf = (item: StoredObject): Finding => {
  const { name, namespace = '' } = item.metadata
  const kubectl = `kubectl -n ${namespace}`
  const why = `${kubectl} describe deployment ${name} says why.`
  const [wanted, ready] = [Number(at(item, 'spec', 'replicas') ?? 1), Number(at(item, 'status', 'readyReplicas') ?? 0)]
  const said = `${name}: ${ready} of ${wanted} ready`
  if (ready === 0) return failure('replicas', said, why)
  if (ready < wanted) return warning('replicas', said, why)
  // The dashboard has one replica, because sessions are in its memory. People sign in again after a
  // restart.
  const component = stringAt(item, 'spec', 'template', 'metadata', 'labels', 'app.kubernetes.io/component')
  return wanted === 1 && component !== 'dashboard'
    ? warning(
        'replicas',
        `${said}: nothing answers while its node is drained`,
        `${kubectl} scale deployment ${name} --replicas 2, or the chart's values.`,
      )
    : ok('replicas', said)
}

const versionOf = (item: StoredObject, own: string): Finding => {
  const image = stringAt(containerOf(item), 'image') ?? ''
  const [, tag = ''] = /:([\w.-]+)(?:@|$)/.exec(image) ?? []
  return tag.replace(/^v/, '') === own
    ? ok('version', `${item.metadata.name} runs ${own}, as this program does`)
    : warning(
        'version',
        `${item.metadata.name} runs ${tag === '' ? image : tag}, but this program is ${own}`,
        'Use the same version of both.',
      )
}
