import { at, tryParseJson } from '../../api/json.ts'
import { group, hookPlural } from '../../api/names.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { patienceMs } from '../cluster/hooks.ts'
import { ok, warning, type Finding } from './finding.ts'

/** What the commands need of whoever runs them, in a namespace. */
const needed = [
  { verbs: ['get', 'list', 'watch'], for: 'get, describe, url, watch' },
  { verbs: ['create', 'patch', 'delete'], for: 'create, set, suspend, rotate, delete' },
]

/** https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access */
const mayI = async ({ api }: Cluster, namespace: string, verb: string): Promise<boolean | undefined> => {
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { group, resource: hookPlural, verb, namespace } },
  }
  const answer = await api.request({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: JSON.stringify(body),
    lane: 'bulk',
    timeoutMs: patienceMs,
  })
  if (answer.status !== 201 && answer.status !== 200) return undefined
  return at(tryParseJson(answer.body), 'status', 'allowed') === true
}

/** Your own rights: a command that needs another one says which. */
export const checkRights = async (cluster: Cluster): Promise<readonly Finding[]> =>
  await Promise.all(
    needed.map(async ({ verbs, for: commands }) => {
      const answers = await Promise.all(verbs.map(verb => mayI(cluster, cluster.namespace, verb)))
      const missing = verbs.filter((_, index) => answers[index] === false)
      if (answers.includes(undefined)) return ok('your rights', 'this API server does not say what you may do')
      return missing.length === 0
        ? ok('your rights', `you may ${verbs.join(', ')} hooks in ${cluster.namespace} (${commands})`)
        : warning(
            'your rights',
            `you may not ${missing.join(', ')} hooks in ${cluster.namespace} (${commands})`,
            `kubectl -n ${cluster.namespace} create role hooks --verb=${verbs.join(',')} --resource=${hookPlural}.${group}, and a rolebinding.`,
          )
    }),
  )
