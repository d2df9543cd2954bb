/** An installation's own namespace, and the service accounts of its roles there: one for both where one pod is both. */
export interface Accounts {
  readonly namespace: string
  readonly controller: string
  readonly trigger: string
}

export type Role = 'controller' | 'trigger'

/** The service accounts, as the chart and the manifests name them. */
export const accountsIn = (namespace: string, { single = false } = {}): Accounts => {
  const trigger = 'receiver-hooks-trigger'
  return { namespace, controller: single ? trigger : 'receiver-hooks-controller', trigger }
}

/**
 * The command with which an administrator binds a ClusterRole in a namespace to the accounts of these roles. All of its parts are
 * names that Kubernetes has accepted: nothing in it needs quotes.
 */
export const bindCommand = (
  namespace: string,
  clusterRole: string,
  accounts: Accounts,
  ...roles: readonly Role[]
): string =>
  `kubectl -n ${namespace} create rolebinding ${clusterRole} --clusterrole=${clusterRole} ${subjects(accounts, roles)}`

/** The subjects of a binding, as kubectl's flags. */
export const subjects = (accounts: Accounts, roles: readonly Role[]): string =>
  [...new Set(roles.map(role => `--serviceaccount=${accounts.namespace}:${accounts[role]}`))].join(' ')
