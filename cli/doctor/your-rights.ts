import { group, hookPlural } from '../../src/api/names.ts'
import { hooks } from '../../src/kube/resources.ts'
import { review } from '../../src/kube/reviews.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { ok, warning, type Finding } from './finding.ts'

/** The rights on the hooks of a namespace, with the commands that need them. */
const needed = [
  { verbs: ['get', 'list', 'watch'], for: 'get, describe, url, watch' },
  { verbs: ['create', 'patch', 'delete'], for: 'create, set, suspend, rotate, delete' },
]

/**
 * Checks the user's own rights. The finding for a missing right names the commands that need it.
 */
export const checkRights = async (cluster: Pick<Cluster, 'api' | 'namespace'>): Promise<readonly Finding[]> =>
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
            grantOf(cluster.namespace, verbs),
          )
    }),
  )

/**
 * Returns the commands that grant these verbs by a role. The reader replaces USER by the API
 * server's name for the user.
 */
const grantOf = (namespace: string, verbs: readonly string[]): string => {
  const role = `hooks-${verbs[0]}`
  const create = `kubectl -n ${namespace} create`
  const command = `${create} role ${role} --verb=${verbs.join(',')} --resource=${hookPlural}.${group} && ${create} rolebinding ${role} --role=${role} --user=USER`
  return `Ask an administrator to run this, with USER replaced by the name that kubectl auth whoami shows you: ${command}`
}
