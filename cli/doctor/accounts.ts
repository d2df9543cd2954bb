import { isReceiverHook, type ReceiverHook } from '../../src/api/hook.ts'
import { at, stringAt, tryParseJson } from '../../src/api/json.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { driverOf, isViolation } from '../../src/drivers/registry.ts'
import type { Clock } from '../../src/environment/environment.ts'
import { groupedBy } from '../../src/environment/grouped.ts'
import { definitionsOf, type Definitions } from '../../src/kube/definitions.ts'
import { accessInWords, userOf, type Access } from '../../src/kube/reviews.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { interactiveTimeoutMs } from '../cluster/hooks.ts'
import { ok, warning, type Finding } from './finding.ts'

/** How many rights a message lists. */
const maxListed = 8

/**
 * Compares the rights of each account as which hooks act with what these hooks need. The API server
 * is asked as the account, so the user needs the right to impersonate it. So has everybody who may
 * write such a hook.
 */
export const checkAccounts = async (
  cluster: Pick<Cluster, 'api' | 'namespace'>,
  clock: Clock,
  items: Promise<readonly StoredObject[]>,
): Promise<readonly Finding[]> => {
  const found = (await items).filter(isReceiverHook)
  const acting = found.filter(({ spec }) => spec.serviceAccountName !== undefined)
  if (acting.length === 0) return []
  const definitions = definitionsOf({ api: cluster.api, clock }, { lane: 'bulk', timeoutMs: interactiveTimeoutMs })
  const byAccount = groupedBy(acting, ({ metadata, spec }) => `${metadata.namespace}/${spec.serviceAccountName}`)
  return (
    await Promise.all([...byAccount].map(([account, its]) => findingsOf(cluster, definitions, account, its)))
  ).flat()
}

const findingsOf = async (
  cluster: Pick<Cluster, 'api' | 'namespace'>,
  definitions: Definitions,
  account: string,
  its: readonly ReceiverHook[],
): Promise<readonly Finding[]> => {
  const [namespace = '', name = ''] = account.split('/')
  const about = `account ${account}`
  const rules = await rulesOf(cluster, namespace, name)
  if (typeof rules === 'string') {
    const todo = `Ask someone who may impersonate it: kubectl auth can-i --list -n ${namespace} --as=${userOf({ namespace, name })}`
    return [warning(about, `can't read its rights: ${rules}`, todo)]
  }
  const needed = (await Promise.all(its.map(hook => needsOf(hook, definitions)))).flat()
  const missing = needed.filter(access => !rules.some(rule => allows(rule, access)))
  const more = rules.flatMap(rule => exceeding(rule, needed))
  const findings = [
    ...(missing.length === 0
      ? []
      : [
          warning(
            about,
            `it may not ${listed(missing.map(accessInWords))}, which its hooks need`,
            'Give it these rights in the namespace, with a Role and a RoleBinding.',
          ),
        ]),
    ...(more.length === 0
      ? []
      : [
          warning(
            about,
            `it may do more than its ${its.length === 1 ? 'hook needs' : `${its.length} hooks need`}: ${listed(more)}`,
            'Remove these rights, or give the hooks an account of their own. Anyone who may impersonate this one has all of them.',
          ),
        ]),
  ]
  return findings.length === 0 ? [ok(about, 'it may do what its hooks need, and no more')] : findings
}

/** One rule of an account's rights. An empty list of names means every name. */
interface Rule {
  readonly verbs: readonly string[]
  readonly groups: readonly string[]
  readonly resources: readonly string[]
  readonly names: readonly string[]
}

/** Returns the rights of an account in its namespace, or why they cannot be read. */
const rulesOf = async (
  { api }: Pick<Cluster, 'api'>,
  namespace: string,
  name: string,
): Promise<readonly Rule[] | string> => {
  const answer = await api.request({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    body: JSON.stringify({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace },
    }),
    user: userOf({ namespace, name }),
    lane: 'bulk',
    timeoutMs: interactiveTimeoutMs,
  })
  const body = tryParseJson(answer.body)
  const rules = at(body, 'status', 'resourceRules')
  if (!Array.isArray(rules)) return stringAt(body, 'message') ?? `the API server answered ${answer.status}`
  return rules.map(rule => ({
    verbs: textsAt(rule, 'verbs'),
    groups: textsAt(rule, 'apiGroups'),
    resources: textsAt(rule, 'resources'),
    names: textsAt(rule, 'resourceNames'),
  }))
}

const textsAt = (object: unknown, member: string): readonly string[] => {
  const list = at(object, member)
  return Array.isArray(list) ? list.filter(text => typeof text === 'string') : []
}

const needsOf = async ({ spec }: ReceiverHook, definitions: Definitions): Promise<readonly Access[]> => {
  const bound = driverOf(spec)
  if (isViolation(bound)) return []
  const needs = [...(await bound.needs(definitions)), ...bound.needsOfAccount]
  return needs.flatMap(({ verbs, ...need }) => verbs.map(verb => ({ ...need, verb })))
}

const resourceOf = ({ subresource, type }: Access): string =>
  subresource === undefined ? type.resource : `${type.resource}/${subresource}`

const isIn = (list: readonly string[], wanted: string): boolean => list.includes('*') || list.includes(wanted)

const allows = ({ groups, names, resources, verbs }: Rule, access: Access): boolean =>
  isIn(verbs, access.verb) &&
  isIn(groups, access.type.group) &&
  isIn(resources, resourceOf(access)) &&
  (names.length === 0 || (access.name !== undefined && names.includes(access.name)))

/** Returns whether every account has a right: to ask what it may do itself, and from Kubernetes 1.37 on to read whom clusters trust. */
const isOfEverybody = (group: string, resource: string): boolean =>
  ['authorization.k8s.io', 'authentication.k8s.io'].includes(group) || resource === 'clustertrustbundles'

/** Returns whether a right is for looks at pods, or for watches of a target. No hook must have it. */
const isOptional = (verb: string, group: string, resource: string, needed: readonly Access[]): boolean =>
  (verb === 'list' && group === '' && resource === 'pods') ||
  (['list', 'watch'].includes(verb) && needed.some(({ type }) => type.group === group && type.resource === resource))

/** Returns the rights of a rule that no hook needs, in words. */
const exceeding = ({ groups, names, resources, verbs }: Rule, needed: readonly Access[]): readonly string[] =>
  groups.flatMap(group =>
    resources
      .filter(resource => !isOfEverybody(group, resource))
      .flatMap(resource =>
        verbs
          .filter(verb => {
            const isNeeded = needed.some(
              access =>
                access.verb === verb &&
                access.type.group === group &&
                resourceOf(access) === resource &&
                (names.length === 0 || access.name === undefined || names.includes(access.name)),
            )
            return !isNeeded && !isOptional(verb, group, resource, needed)
          })
          .map(verb => `${verb} ${resource}${group === '' ? '' : `.${group}`}`),
      ),
  )

const listed = (rights: readonly string[]): string => {
  const all = [...new Set(rights)]
  const rest = all.length - maxListed
  return `${all.slice(0, maxListed).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
