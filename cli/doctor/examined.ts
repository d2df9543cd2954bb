import type { Environment } from '../../src/environment/environment.ts'
import { hooks } from '../../src/kube/resources.ts'
import type { Shell } from '../../src/commands/shell.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { listObjects } from '../cluster/hooks.ts'
import { checkAccounts } from './accounts.ts'
import { checkEndpoint } from './endpoint.ts'
import type { Finding } from './finding.ts'
import { checkFlowControl } from './flow-control.ts'
import { checkHooks, checkRecords, checkSecrets, checkServed } from './hooks.ts'
import {
  checkClock,
  checkDefinitions,
  checkDeployments,
  checkKeys,
  checkLeader,
  checkNamespace,
  checkServedNamespaces,
  checkStop,
  notInstalled,
  unseen,
} from './installation.ts'
import { checkPolicies } from './policies.ts'
import { checkRights } from './your-rights.ts'

interface Examination {
  readonly cluster: Pick<Cluster, 'api' | 'namespace'>
  /** The namespace whose hooks are checked. Undefined: all. */
  readonly namespace: string | undefined
  /** The namespace of the installation. */
  readonly system: string
  readonly version: string
  readonly clock: Environment['clock']
  /** False if only the installation is checked. */
  readonly withHooks: boolean
  /** Present if this machine's clock and its way to the endpoint are checked too. */
  readonly from?: { readonly base: string | undefined; readonly env: Shell['env'] }
}

type Check = readonly [about: string, check: () => Promise<Finding | readonly Finding[]>]

/** Checks the installation and the hooks. A check that fails is a finding, and the others go on. */
export const examined = async (examination: Examination): Promise<readonly Finding[]> => {
  const { cluster, clock, from, namespace, system, version, withHooks } = examination
  const definitions = await checkDefinitions(cluster).catch((error: unknown) => [unseen('definitions', error)])
  if (definitions === notInstalled) return notInstalled
  const items = withHooks ? listObjects(cluster, hooks, namespace) : undefined
  // Each check that needs them says why they cannot be listed.
  items?.catch(() => undefined)
  const checks: readonly Check[] = [
    ['definitions', () => Promise.resolve(definitions)],
    ...(namespace === undefined ? [] : [['namespace', () => checkNamespace(cluster)] as const]),
    ['your rights', () => checkRights(cluster)],
    ...(from ? [['clock', () => checkClock(cluster, () => clock.now())] as const] : []),
    ['controller', () => checkLeader(cluster, system, () => clock.now())],
    ['replicas', () => checkDeployments(cluster, system, version)],
    ['admission policies', () => checkPolicies(cluster)],
    ['flow control', () => checkFlowControl(cluster, system)],
    ['keys', () => checkKeys(cluster, system)],
    ['stop', () => checkStop(cluster, system)],
    ...(from && items ? [['endpoint', () => checkEndpoint(items, from.base, from.env)] as const] : []),
    ...(items
      ? ([
          ['hooks', () => checkHooks(cluster, items)],
          ['namespaces', () => checkServedNamespaces(cluster, system, items)],
          ['hooks', () => checkServed(cluster, system, items)],
          ['auth', () => checkSecrets(items)],
          ['accounts', () => checkAccounts(cluster, clock, items)],
          ['records', () => checkRecords(cluster, namespace, items)],
        ] as const)
      : []),
  ]
  const found = await Promise.all(
    checks.map(([about, check]) => check().catch((error: unknown) => unseen(about, error))),
  )
  return found.flat()
}
