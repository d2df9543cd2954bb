import { at, tryParseJson } from '../api/json.ts'
import type { ApiConnection } from '../environment/environment.ts'
import type { ResourceType } from './paths.ts'

/** Requests on one kind of object, in one namespace, that somebody has to be allowed. */
export interface Need {
  readonly type: Pick<ResourceType, 'group' | 'resource'>
  readonly subresource?: string
  readonly verbs: readonly string[]
  /** The one object that is meant; absent: any of the namespace. */
  readonly name?: string
}

/** One request of a {@link Need}. */
export interface Access extends Omit<Need, 'verbs'> {
  readonly verb: string
}

/** unknown: this process may not ask, or the API server does not serve reviews. */
export type Verdict = 'allowed' | 'denied' | 'unknown'

/** A service account, as RBAC knows it. */
export interface ServiceAccount {
  readonly namespace: string
  readonly name: string
}

/** How long one review may take, in milliseconds. */
const timeoutMs = 10_000

/**
 * Makes the request that asks whether a request would be allowed: to `account`, or to whoever sends it where none is named.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */
export const accessReview = (namespace: string, access: Access, account?: ServiceAccount) =>
  ({
    method: 'POST',
    // A local review needs a right in this namespace alone.
    path:
      account === undefined
        ? '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
        : `/apis/authorization.k8s.io/v1/namespaces/${namespace}/localsubjectaccessreviews`,
    body: JSON.stringify({
      apiVersion: 'authorization.k8s.io/v1',
      kind: account === undefined ? 'SelfSubjectAccessReview' : 'LocalSubjectAccessReview',
      ...(account !== undefined && { metadata: { namespace } }),
      spec: { resourceAttributes: attributesOf(namespace, access), ...(account && subjectOf(account)) },
    }),
  }) as const

/** Whether the answer to an access review says that the request would be allowed. */
export const isAllowed = (answer: unknown): boolean => at(answer, 'status', 'allowed') === true

/** Asks the API server whether a request would be allowed: to `account`, or to this process. Throws Unreachable. */
export const review = async (
  api: ApiConnection,
  namespace: string,
  access: Access,
  account: ServiceAccount | undefined,
): Promise<Verdict> => {
  const answer = await api.request({ ...accessReview(namespace, access, account), lane: 'bulk', timeoutMs })
  if (answer.status !== 201 && answer.status !== 200) return 'unknown'
  return isAllowed(tryParseJson(answer.body)) ? 'allowed' : 'denied'
}

const attributesOf = (namespace: string, { name, subresource, type, verb }: Access): object => ({
  namespace,
  verb,
  group: type.group,
  resource: type.resource,
  ...(subresource !== undefined && { subresource }),
  ...(name !== undefined && { name }),
})

/** The groups are those that the API server gives to each service account: a role may be bound to them. */
const subjectOf = ({ name, namespace }: ServiceAccount): object => ({
  user: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
})

/** Names a kind of objects as `kubectl auth can-i` does: `deployments.apps`. */
export const resourceInWords = ({ group, resource }: Access['type']): string =>
  group === '' ? resource : `${resource}.${group}`

/** Names what is asked for in the same way: `patch deployments.apps/scale`. */
export const accessInWords = ({ subresource, type, verb }: Access): string =>
  `${verb} ${resourceInWords(type)}${subresource === undefined ? '' : `/${subresource}`}`
