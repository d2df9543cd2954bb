import { group, hookPlural } from '../../api/names.ts'
import { hooks } from '../../kube/resources.ts'
import { review } from '../../kube/reviews.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { ok, warning, type Finding } from './finding.ts'

/** The rights that a user of the commands needs in a namespace. */
const needed = [
  { verbs: ['get', 'list', 'watch'], for: 'get, describe, url, watch' },
  { verbs: ['create', 'patch', 'delete'], for: 'create, set, suspend, rotate, delete' },
]

/** Your own rights: a command that needs another one says which. */
export const checkRights = async (cluster: Cluster): Promise<readonly Finding[]> =>
  await Promise.all(
    needed.map(async ({ verbs, for: commands }) => {
      const verdicts = await Promise.all(
        verbs.map(verb => review(cluster.api, cluster.namespace, { type: hooks, verb }, undefined)),
      )
      const missing = verbs.filter((_, index) => verdicts[index] === 'denied')
      if (verdicts.includes('unknown')) return ok('your rights', 'this API server does not say what you may do')
      return missing.length === 0
        ? ok('your rights', `you may ${verbs.join(', ')} hooks in ${cluster.namespace} (${commands})`)
        : warning(
            'your rights',
            `you may not ${missing.join(', ')} hooks in ${cluster.namespace} (${commands})`,
            `kubectl -n ${cluster.namespace} create role hooks --verb=${verbs.join(',')} --resource=${hookPlural}.${group}, and a rolebinding.`,
          )
    }),
  )
