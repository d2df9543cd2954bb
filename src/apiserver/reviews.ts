import type { JsonObject } from '../api/json.ts'
import { objectIn } from './body.ts'

/** Everybody is this one user, who may do everything: the server asks nobody who they are. */
const user = { username: 'playground', groups: ['system:masters', 'system:authenticated'] }

/** What is posted, answered and never stored, by its path. */
const reviews: Readonly<Record<string, { readonly kind: string; readonly status: JsonObject }>> = {
  '/apis/authentication.k8s.io/v1/selfsubjectreviews': { kind: 'SelfSubjectReview', status: { userInfo: user } },
  '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews': {
    kind: 'SelfSubjectAccessReview',
    status: { allowed: true, reason: 'the playground allows everything' },
  },
  '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews': {
    kind: 'SelfSubjectRulesReview',
    status: {
      resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
      nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      incomplete: false,
    },
  },
}

/** Answers who somebody is and what they may do; undefined for any other request. */
export const answerReview = ({
  body = '',
  method,
  path,
}: {
  readonly body?: string
  readonly method: string
  readonly path: string
}): JsonObject | undefined => {
  const found = method === 'POST' ? reviews[path] : undefined
  if (found === undefined) return undefined
  const [, , group, version] = path.split('/')
  const sent = body === '' ? {} : objectIn(body, found.kind)
  return { metadata: {}, ...sent, apiVersion: `${group}/${version}`, kind: found.kind, status: found.status }
}
