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
 * Asks the API server whether a request would be allowed: to `account`, or to this process itself where none is named.
 * Throws Unreachable.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */
export const review = async (
  api: ApiConnection,
  namespace: string,
  access: Access,
  account: ServiceAccount | undefined,
): Promise<Verdict> => {
  const kind = account === undefined ? 'SelfSubjectAccessReview' : 'LocalSubjectAccessReview'
  const answer = await api.request({
    method: 'POST',
    // A local review needs a right in this namespace alone.
    path:
      account === undefined
        ? '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
        : `/apis/authorization.k8s.io/v1/namespaces/${namespace}/localsubjectaccessreviews`,
    body: JSON.stringify({
      apiVersion: 'authorization.k8s.io/v1',
      kind,
      ...(account !== undefined && { metadata: { namespace } }),
      spec: { resourceAttributes: attributesOf(namespace, access), ...(account && subjectOf(account)) },
    }),
    lane: 'bulk',
    timeoutMs,
  })
  if (answer.status !== 201 && answer.status !== 200) return 'unknown'
  return at(tryParseJson(answer.body), 'status', 'allowed') === true ? 'allowed' : 'denied'
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

/** Names what is asked for as `kubectl auth can-i` does: `patch deployments.apps/scale`. */
export const accessInWords = ({ subresource, type: { group, resource }, verb }: Access): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`
