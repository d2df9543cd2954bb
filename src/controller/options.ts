import type { Follow } from '../kube/follow.ts'
import type { History } from '../kube/lease-history.ts'
import type { ServiceAccount } from '../kube/reviews.ts'
import type { IssuerKeys } from '../token/issuer-keys.ts'

export interface ControllerOptions {
  /** The installation's namespace, with keys and lease. */
  readonly namespace: string
  /** The name of this process in the lease and in Events. */
  readonly identity: string
  /** The beginning of trigger URLs, without a slash at the end. */
  readonly publicURL: string
  /**
   * The trigger's service account. A hook is Ready only if this account has the rights that the hook
   * needs. `itself`: this process's account. Absent: the rights are not checked.
   */
  readonly trigger?: ServiceAccount | 'itself'
  /** True if the admission policy on the trigger's account is in force. */
  readonly triggerPolicy?: boolean
  /** The admission policies that have to be in force because ReceiverHookRequests are run. Absent: none are. */
  readonly requestPolicies?: readonly string[] | undefined
  /** The namespaces whose hooks are reconciled. Default: all. */
  readonly watchNamespaces?: readonly string[]
  /** How to follow hooks and public keys if another part of the process follows them too. */
  readonly follow?: Follow
  /** The keys of the issuers whose ID tokens hooks may ask for. Absent: none. */
  readonly issuers?: IssuerKeys
  /** What is known of the history of the API server. */
  readonly history?: Pick<History, 'seeing'>
}
