import { at, tryParseJson } from '../api/json.ts'
import type { ApiConnection } from '../environment/environment.ts'
import type { ResourceType } from './paths.ts'

/** The right to make some requests on one kind of object in one namespace. */
export interface Need {
  readonly type: Pick<ResourceType, 'group' | 'resource'>
  readonly subresource?: string
  readonly verbs: readonly string[]
  /** The name of the object. Absent: the right is needed for every object in the namespace. */
  readonly name?: string
}

/** One request of a {@link Need}. */
export interface Access extends Omit<Need, 'verbs'> {
  readonly verb: string
}

/** `unknown`: the API server answered with an error, for example because this process may not ask. */
export type ReviewResult = 'allowed' | 'denied' | 'unknown'

/** The namespace and the name of a service account. */
export interface ServiceAccount {
  readonly namespace: string
  readonly name: string
}

/** The time limit of one review, in milliseconds. */
const timeoutMs = 10_000

/**
 * Makes the request for an access review: for `account`, or for the process that sends the request
 * (https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access).
 */
export const accessReview = (namespace: string, access: Access, account?: ServiceAccount) =>
  ({
    method: 'POST',
    // To send a local review, this process needs a right only in this namespace.
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

/** Returns whether the answer to a review allows the request. */
export const isAllowed = (answer: unknown): boolean => at(answer, 'status', 'allowed') === true

/**
 * Asks the API server whether a request would be allowed: for `account`, or for this process.
 * Throws Unreachable.
 */
export const review = async (
  api: ApiConnection,
  namespace: string,
  access: Access,
  account: ServiceAccount | undefined,
): Promise<ReviewResult> => {
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

/**
 * Returns the user and groups of a service account, as the API server assigns them. A role may be
 * bound to the groups.
 */
const subjectOf = (account: ServiceAccount): object => ({
  user: userOf(account),
  groups: ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`, 'system:authenticated'],
})

export const userOf = ({ name, namespace }: ServiceAccount): string => `system:serviceaccount:${namespace}:${name}`

/** Returns a kind's name as in `kubectl auth can-i`, such as `deployments.apps`. */
export const resourceInWords = ({ group, resource }: Access['type']): string =>
  group === '' ? resource : `${resource}.${group}`

/** Returns the name of a request as in `kubectl auth can-i`, such as `patch deployments.apps/scale`. */
export const accessInWords = ({ subresource, type, verb }: Access): string =>
  `${verb} ${resourceInWords(type)}${subresource === undefined ? '' : `/${subresource}`}`
