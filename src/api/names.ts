import type { Rule } from './schema.ts'

/** The API group of the product's resources. */
export const group = 'receiverhooks.dev'
export const apiVersionName = 'v1alpha1'
export const apiVersion = `${group}/${apiVersionName}`
export const hookKind = 'ReceiverHook'
export const hookPlural = 'receiverhooks'
export const requestKind = 'ReceiverHookRequest'
export const requestPlural = 'receiverhookrequests'

/** The admission policies of an installation. Their bindings have the same names. */
export const policyNames = {
  authors: 'receiver-hooks-authors',
  trigger: 'receiver-hooks-trigger',
  records: 'receiver-hooks-records',
  controller: 'receiver-hooks-controller',
  sizes: 'receiver-hooks-sizes',
  keys: 'receiver-hooks-public-keys',
  requests: 'receiver-hooks-requests',
  approval: 'receiver-hooks-approval',
} as const

/**
 * Returns the namespaces where the policy `receiver-hooks-trigger` lets the trigger's account change
 * nothing. `namespace` is the installation's.
 */
export const closedNamespaces = (namespace: string): readonly string[] => ['kube-system', namespace]

/** The service accounts' FlowSchemas. Each has the name of its account. */
export const flowNames = { trigger: 'receiver-hooks-trigger', controller: 'receiver-hooks-controller' } as const

/** The PriorityLevelConfiguration of both. */
export const priorityLevelName = 'receiver-hooks'

/** A DNS subdomain (RFC 1123), as a part of a pattern. */
export const subdomainPattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*'
const pattern = `^${subdomainPattern}$`
const compiled = new RegExp(pattern)

/** The rule of all fields that name an object: a DNS subdomain (RFC 1123). */
export const objectNameRule = {
  rule: `self.matches('${pattern}')`,
  message: 'must be an object name: lower-case letters, digits, "-" and ".", with a letter or digit at both ends',
  holds: self => typeof self === 'string' && compiled.test(self),
} as const satisfies Rule

export const isObjectName = (text: string): boolean => text.length <= nameLength && compiled.test(text)

/** The longest name of an object, in characters, for most kinds. */
export const nameLength = 253

/** The label of a record in which something ends by itself, and the annotation that says when at the earliest. */
export const leasesLabel = `${group}/leases`
export const dueAnnotation = `${group}/due`

/** The finalizer of a record in which something has to end before the record may go. */
export const leasesFinalizer = `${group}/leases`
