import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { parse, stringify } from 'yaml'
import { authRole } from '../../src/api/auth.ts'
import { at, isObject, parseJson, stringAt, tryParseJson, type JsonObject } from '../../src/api/json.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { connect } from '../../src/environment/node.ts'
import { loadAccess } from '../../src/kube/access.ts'
import { base, kindOf, listAt, manifestsOfBase, nameOf, objectsIn, stringsAt } from '../deploy/manifests.ts'
import { accountsIn, objectsOf, policiesFor } from '../../scripts/deploy/policies.ts'
import { definitionsRole, roleOf, targetsRole } from '../../src/drivers/cluster-roles.ts'
import { drivers } from '../../src/drivers/registry.ts'
import { kubectl } from '../support/kubectl.ts'
import { ownPolicies, until, type Cluster } from '../support/product.ts'

/**
 * Applies deploy/kustomize/base as a person does. But its policies on the trigger's account do not
 * cover namespaces with policies of their own. Answers what kubectl says of each object. Throws its
 * complaints, unless another file of tests creates the same objects at this moment: then it applies
 * once more.
 */
export const applyBase = async (kubeconfig: string): Promise<readonly string[]> => {
  const manifests = await baseForTests()
  const apply = () => kubectl(kubeconfig, ['apply', '-f', '-'], manifests)
  const first = await apply()
  const { code, stderr, stdout } = first.stderr.includes('(AlreadyExists)') ? await apply() : first
  if (code !== 0) throw new Error(`kubectl apply of ${base}: ${stderr}`)
  return stdout.trim().split('\n')
}

/** Returns the objects of the base, as {@link applyBase} applies them. */
const baseForTests = async (): Promise<string> => {
  const { code, stderr, stdout } = await kubectl('/dev/null', ['kustomize', base])
  if (code !== 0) throw new Error(`kubectl kustomize ${base}: ${stderr}`)
  const spared = { matchExpressions: [{ key: ownPolicies, operator: 'DoesNotExist' }] }
  return objectsIn(stdout)
    .map(object =>
      isAccountBinding(object) ? merged(object, { spec: { matchResources: { namespaceSelector: spared } } }) : object,
    )
    .map(object => stringify(object))
    .join('---\n')
}

const isAccountBinding = (object: unknown): object is JsonObject =>
  isObject(object) &&
  kindOf(object) === 'ValidatingAdmissionPolicyBinding' &&
  nameOf(object) !== 'receiver-hooks-authors'

const merged = (object: JsonObject, { spec }: { readonly spec: object }): JsonObject => ({
  ...object,
  spec: { ...(isObject(object['spec']) && object['spec']), ...spec },
})

const accounts = ['controller', 'trigger'] as const

export type Account = (typeof accounts)[number]

/** One verb on one resource: the least that can be taken from a service account. */
export interface Right {
  readonly account: Account
  /** A Role's rights end with the product's own namespace. */
  readonly kind: 'ClusterRole' | 'Role'
  readonly verb: string
  readonly group: string
  /** With its subresource: `deployments/scale`. */
  readonly resource: string
  /** The one object that it is for; any when undefined. */
  readonly name: string | undefined
}

/** Returns the name of a right in tests: `trigger: patch deployments/scale`. */
export const titleOf = ({ account, resource, verb }: Right): string => `${account}: ${verb} ${resource}`

/** Returns every right that the base gives, one by one. */
export const rightsOfBase = (): readonly Right[] => [
  ...accounts.flatMap(account => rightsIn(account, nameFor(account))),
  ...rightsIn('trigger', targetsRole),
]

/** Returns every right that the controller gets in addition if somebody binds the ClusterRole for Secrets to it. */
export const rightsToSecrets = (): readonly Right[] => rightsIn('controller', 'receiver-hooks-secrets')

/** Returns every right that both get in addition in a namespace where somebody applies the component for auth. */
export const rightsOfAuth = (): readonly Right[] => accounts.flatMap(account => rightsIn(account, authRole))

/** Returns every right that both get in addition if somebody binds the ClusterRoles of a driver. */
export const rightsOfDriver = (driver: string): readonly Right[] =>
  accounts.flatMap(account => rightsIn(account, roleOf(account, driver)))

/** Returns every right that both get in addition if somebody lets them read the definitions of custom kinds. */
export const rightsToDefinitions = (): readonly Right[] =>
  accounts.flatMap(account => rightsIn(account, definitionsRole))

/** Returns the rights in the roles of a name, as those of an account. */
const rightsIn = (account: Account, role: string): readonly Right[] =>
  manifestsOfBase().flatMap(({ object }) => {
    const kind = kindOf(object)
    if (nameOf(object) !== role || (kind !== 'ClusterRole' && kind !== 'Role')) return []
    return listAt(object, 'rules').flatMap(rule => {
      const [group = '', ...groups] = stringsAt(rule, 'apiGroups')
      const [name, ...names] = stringsAt(rule, 'resourceNames')
      if (groups.length + names.length > 0) throw new Error('rules of one group and one name at most are expected')
      return stringsAt(rule, 'resources').flatMap(resource =>
        stringsAt(rule, 'verbs').map((verb): Right => ({ account, kind, verb, group, resource, name })),
      )
    })
  })

/** The two service accounts of the base in a namespace of the test's own, with the rights of the base. */
export interface Installation {
  /** The paths of their kubeconfigs. */
  readonly kubeconfigs: Readonly<Record<Account, string>>
  /** Connections as each of them. */
  readonly as: Readonly<Record<Account, ApiConnection>>
}

/**
 * Makes the service accounts of the base once more for the namespaces of a test, and gives them
 * `rights` as the base does. Waits until the API server knows them.
 */
export const installation = async (here: Cluster, rights = rightsOfBase()): Promise<Installation> => {
  const id = randomBytes(4).toString('hex')
  for (const account of accounts) {
    await post(here, `/api/v1/namespaces/${here.systemNamespace}/serviceaccounts`, {
      metadata: { name: nameFor(account) },
    })
    for (const kind of ['ClusterRole', 'Role'] as const) {
      await bind(
        here,
        account,
        kind,
        id,
        rights.filter(right => right.account === account && right.kind === kind),
      )
    }
  }
  await ownPoliciesFor(here, id)
  await until(
    async () =>
      (await Promise.all(rights.map(async right => ((await isHeld(here, right)) ? [] : titleOf(right))))).flat(),
    missing => missing.length === 0,
  )
  const controller = await kubeconfigFor(here, 'controller')
  const trigger = await kubeconfigFor(here, 'trigger')
  return {
    kubeconfigs: { controller, trigger },
    as: { controller: await connectionOf(controller), trigger: await connectionOf(trigger) },
  }
}

/** Returns the policies on the trigger's account, for that of a test and its namespace. */
const ownPoliciesFor = async (here: Cluster, id: string): Promise<void> => {
  const policies = policiesFor(drivers, { ...accountsIn(here.systemNamespace), namespace: here.systemNamespace })
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': here.namespace } }
  for (const policy of policies.filter(({ name }) => name !== 'receiver-hooks-authors')) {
    for (const { kind, spec } of objectsOf({ ...policy, name: `${policy.name}.${id}` })) {
      const path = `/apis/admissionregistration.k8s.io/v1/${kind === 'ValidatingAdmissionPolicy' ? 'validatingadmissionpolicies' : 'validatingadmissionpolicybindings'}`
      const name = `${policy.name}.${id}`
      const isBinding = kind === 'ValidatingAdmissionPolicyBinding'
      await post(here, path, {
        metadata: { name },
        spec: isBinding ? { ...spec, matchResources: { namespaceSelector } } : spec,
      })
      onTestFinished(async () => {
        await here.api.request({ method: 'DELETE', path: `${path}/${name}`, lane: 'bulk', timeoutMs: 5000 })
      })
    }
  }
}

const nameFor = (account: Account): string => `receiver-hooks-${account}`

const rbac = '/apis/rbac.authorization.k8s.io/v1'

/** Makes a role and binds it, as the base does. Those of the whole cluster bear the test's id, and go when it ends. */
const bind = async (
  here: Cluster,
  account: Account,
  kind: Right['kind'],
  id: string,
  rights: readonly Right[],
): Promise<void> => {
  const name = kind === 'Role' ? nameFor(account) : `${nameFor(account)}-${id}`
  const where = kind === 'Role' ? `${rbac}/namespaces/${here.systemNamespace}/roles` : `${rbac}/clusterroles`
  const rules = rights.map(({ group, name, resource, verb }) => ({
    apiGroups: [group],
    resources: [resource],
    verbs: [verb],
    ...(name !== undefined && { resourceNames: [name] }),
  }))
  await post(here, where, { metadata: { name }, rules })
  await post(here, where.replace(/s$/, 'bindings'), {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
    subjects: [{ kind: 'ServiceAccount', name: nameFor(account), namespace: here.systemNamespace }],
  })
  if (kind === 'Role') return
  onTestFinished(async () => {
    for (const path of [where, where.replace(/s$/, 'bindings')]) {
      await here.api.request({ method: 'DELETE', path: `${path}/${name}`, lane: 'bulk', timeoutMs: 5000 })
    }
  })
}

/** Returns whether the API server lets an account do what a right says: everywhere, where it is a ClusterRole's. */
const isHeld = async (here: Cluster, right: Right): Promise<boolean> => {
  const { account, group, kind, name, resource, verb } = right
  const [plural, subresource] = resource.split('/')
  const review = await post(here, '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    spec: {
      user: `system:serviceaccount:${here.systemNamespace}:${nameFor(account)}`,
      resourceAttributes: {
        group,
        resource: plural,
        verb,
        ...(subresource !== undefined && { subresource }),
        ...(kind === 'Role' && { namespace: here.systemNamespace }),
        ...(name !== undefined && { name }),
      },
    },
  })
  return at(review, 'status', 'allowed') === true
}

/** Writes a kubeconfig next to the administrator's that differs from it in the user alone. */
const kubeconfigFor = async (here: Cluster, account: Account): Promise<string> => {
  const path = `/api/v1/namespaces/${here.systemNamespace}/serviceaccounts/${nameFor(account)}/token`
  const token = stringAt(await post(here, path, { spec: { expirationSeconds: 3600 } }), 'status', 'token')
  const config: unknown = parse(await readFile(here.kubeconfig, 'utf8'))
  if (!isObject(config)) throw new Error(`${here.kubeconfig} is no kubeconfig`)
  const users = listAt(config, 'users').map(user => ({ name: stringAt(user, 'name'), user: { token } }))
  const file = join(dirname(here.kubeconfig), `${here.systemNamespace}-${account}`)
  await writeFile(file, stringify({ ...config, users }), { mode: 0o600 })
  return file
}

/** Returns a connection as one of the service accounts in the product's own namespace. */
export const connectionFor = async (here: Cluster, account: Account): Promise<ApiConnection> =>
  await connectionOf(await kubeconfigFor(here, account))

const connectionOf = async (kubeconfig: string): Promise<ApiConnection> => {
  const connection = connect(await loadAccess({ kubeconfig, env: {} }))
  onTestFinished(() => connection.close())
  return connection
}

const post = async ({ api }: Cluster, path: string, object: object): Promise<unknown> => {
  const body = JSON.stringify(object)
  const answer = await api.request({ method: 'POST', path, body, lane: 'bulk', timeoutMs: 5000 })
  if (answer.status > 299) {
    throw new Error(`POST ${path}: ${answer.status} ${stringAt(tryParseJson(answer.body), 'message') ?? ''}`)
  }
  return parseJson(answer.body)
}
