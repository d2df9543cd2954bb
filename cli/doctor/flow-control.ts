import { at, isObject, listAt, stringAt } from '../../src/api/json.ts'
import { flowNames } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { isStatus } from '../../src/kube/errors.ts'
import { send } from '../../src/kube/requests.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { interactiveTimeoutMs } from '../cluster/hooks.ts'
import { ok, warning, type Finding } from './finding.ts'
import { pageURL } from '../../src/api/site.ts'

const about = 'flow control'
const group = '/apis/flowcontrol.apiserver.k8s.io/v1'

/** What can happen while the API server is busy, if it has no FlowSchema for an account. */
const without: Readonly<Record<keyof typeof flowNames, string>> = {
  trigger: "while the API server is busy, alerts wait behind other accounts' requests",
  controller: 'while the API server is busy, new hooks wait for their URLs, and the leader may lose its Lease',
}

const apply = `Apply deploy/kustomize/cluster, or install the chart with flowControl.enabled=true: ${pageURL('docs/how-to/operate.md#let-alerts-through-while-the-api-server-is-busy')}`

/**
 * Checks that the API server has a FlowSchema for the account of each role in `namespace`, and the
 * priority level that this FlowSchema names.
 */
export const checkFlowControl = async (
  cluster: Pick<Cluster, 'api' | 'namespace'>,
  namespace: string,
): Promise<Finding | readonly Finding[]> => {
  const { status } = await cluster.api.request({
    method: 'GET',
    path: group,
    lane: 'bulk',
    timeoutMs: interactiveTimeoutMs,
  })
  if (status === 404) return ok(about, 'this API server has no API Priority and Fairness')
  return await Promise.all(
    (['trigger', 'controller'] as const).map(async role => {
      const name = flowNames[role]
      const problem = await problemOf(cluster, name, namespace)
      return problem === undefined
        ? ok(about, `${name} gives the ${role}'s requests a share of the API server`)
        : warning(about, `${name} ${problem}: ${without[role]}`, apply)
    }),
  )
}

/** Returns why a FlowSchema does nothing for the account of its name, or undefined if it does. */
const problemOf = async (
  { api }: Pick<Cluster, 'api'>,
  name: string,
  namespace: string,
): Promise<string | undefined> => {
  const schema = await readIfThere(api, `${group}/flowschemas/${name}`)
  if (schema === undefined) return 'is not there'
  if (!subjectsOf(schema).some(subject => isAccount(subject, name, namespace)))
    return `does not name the service account ${name} in the namespace ${namespace}`
  // The condition Dangling is no proof: while no request asks for the level, it stays as it was.
  const level = stringAt(schema, 'spec', 'priorityLevelConfiguration', 'name') ?? ''
  const path = `${group}/prioritylevelconfigurations/${encodeURIComponent(level)}`
  return (await readIfThere(api, path)) === undefined
    ? `names the PriorityLevelConfiguration ${level}, which does not exist`
    : undefined
}

const readIfThere = async (api: ApiConnection, path: string): Promise<StoredObject | undefined> => {
  try {
    return await send(api, { method: 'GET', path, timeoutMs: interactiveTimeoutMs })
  } catch (error) {
    if (isStatus(error, 404)) return undefined
    throw error
  }
}

const subjectsOf = (schema: StoredObject): readonly unknown[] =>
  listAt(schema, 'spec', 'rules').flatMap(rule => listAt(rule, 'subjects'))

const isAccount = (subject: unknown, name: string, namespace: string): boolean => {
  const account = at(subject, 'serviceAccount')
  return isObject(account) && account['name'] === name && account['namespace'] === namespace
}
