/**
 * The namespace of an installation and the service accounts of its roles. If one pod has both
 * roles, both have the same account.
 */
export interface Accounts {
  readonly namespace: string
  readonly controller: string
  readonly trigger: string
}

export type Role = 'controller' | 'trigger'

/**
 * Returns the service accounts that the chart and the manifests create. If one pod has both roles
 * (`single`), both use the trigger's account.
 */
export const accountsIn = (namespace: string, { single = false } = {}): Accounts => {
  const trigger = 'receiver-hooks-trigger'
  return { namespace, controller: single ? trigger : 'receiver-hooks-controller', trigger }
}

/**
 * Returns the kubectl command that binds a ClusterRole in a namespace to the accounts of `roles`.
 * The command needs no quotes, because Kubernetes has accepted every name in it.
 */
export const bindCommand = (
  namespace: string,
  clusterRole: string,
  accounts: Accounts,
  ...roles: readonly Role[]
): string =>
  `kubectl -n ${namespace} create rolebinding ${clusterRole} --clusterrole=${clusterRole} ${subjectFlags(accounts, roles)}`

/**
 * Returns the kubectl commands that let the trigger act as one service account of a namespace. The
 * commands need no quotes, because Kubernetes has accepted every name in them.
 */
export const accountRights = (namespace: string, name: string, accounts: Accounts): string => {
  const role = `receiver-hooks-account-${name}`
  const create = `kubectl -n ${namespace} create`
  return (
    `${create} role ${role} --verb=get,impersonate --resource=serviceaccounts --resource-name=${name} && ` +
    `${create} rolebinding ${role} --role=${role} ${subjectFlags(accounts, ['trigger'])}`
  )
}

/** Returns the accounts of `roles` as the `--serviceaccount` flags of kubectl, each account once. */
export const subjectFlags = (accounts: Accounts, roles: readonly Role[]): string =>
  [...new Set(roles.map(role => `--serviceaccount=${accounts.namespace}:${accounts[role]}`))].join(' ')
