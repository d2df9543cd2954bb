import type { JsonObject } from '../src/api/json.ts'
import { objectIn } from './body.ts'

/** The only user, who may do everything. The server has no authentication. */
const user = { username: 'playground', groups: ['system:masters', 'system:authenticated'] }

/**
 * The reviews by their paths. A review is an object that is posted and answered, but never stored.
 */
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

/** Answers who the user is and what they may do. Returns undefined for other requests. */
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
