import { globSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { targetsRole } from '../../src/drivers/cluster-roles.ts'
import { authRole } from '../../src/api/auth.ts'
import { at, stringAt } from '../../src/api/json.ts'
import type { DriverRights } from '../../src/drivers/driver-rights.ts'
import { drivers } from '../../src/drivers/registry.ts'
import { version } from '../../src/version.ts'
import {
  authComponent,
  byNamespaceComponent,
  base,
  clusterWide,
  kindOf,
  listAt,
  manifestsIn,
  nameOf,
  secretsComponent,
  stringsAt,
  targetsComponent,
  workloads,
} from './manifests.ts'
import { servingOptions } from '../support/serving.ts'

const folders = [clusterWide, workloads, base, secretsComponent, authComponent, targetsComponent, byNamespaceComponent]
const manifests = folders
  .flatMap(folder => manifestsIn(folder).map(manifest => ({ ...manifest, folder })))
  .filter(({ file }) => file !== 'kustomization.yaml')
const objects = manifests.map(({ object }) => object)
const ofKind = (kind: string): readonly unknown[] => objects.filter(object => kindOf(object) === kind)
const named = (kind: string, name: string): unknown => ofKind(kind).find(object => nameOf(object) === name)

describe.each(folders)('the folder %s', folder => {
  it('is a kustomization of every file in it', () => {
    const kustomization = manifestsIn(folder).find(({ file }) => file === 'kustomization.yaml')?.object
    const listed = stringsAt(kustomization, 'resources').filter(file => !file.startsWith('..'))
    const files = globSync('*', { cwd: folder }).filter(file => file !== 'kustomization.yaml')
    expect([...listed].sort()).toEqual(files.sort())
  })
})

it('the folder of the CRDs is a kustomization of every file in it, and part of the base', () => {
  const of = (folder: string): unknown => manifestsIn(folder).find(({ file }) => file === 'kustomization.yaml')?.object
  expect([...stringsAt(of('crds'), 'resources')].sort()).toEqual(
    globSync('*', { cwd: 'crds' })
      .filter(file => file !== 'kustomization.yaml')
      .sort(),
  )
  expect(stringsAt(of(clusterWide), 'resources')).toContain('../../../crds')
  expect(stringsAt(of(base), 'resources')).toEqual(expect.arrayContaining(['../cluster', '../workloads']))
})

it.each(manifests)('every object says what it is: $object.kind in $file', ({ object }) => {
  expect(stringAt(object, 'apiVersion')).toMatch(/^([a-z.0-9]+[/])?v1$/)
  expect(kindOf(object)).not.toBe('')
  expect(nameOf(object)).toMatch(/^receiver-hooks/)
})

describe.each(['controller', 'trigger'])('the Deployment of the %s', role => {
  const deployment = named('Deployment', `receiver-hooks-${role}`)
  const pod = at(deployment, 'spec', 'template', 'spec')
  const [container, ...others] = listAt(pod, 'containers')

  it('has arguments that the program takes', async () => {
    expect(await servingOptions(stringsAt(container, 'args'))).toMatchObject({ roles: [role] })
  })

  it('runs this version, as its own service account, twice', () => {
    expect(stringAt(container, 'image')).toBe(`receiver-hooks:${version}`)
    expect(stringAt(pod, 'serviceAccountName')).toBe(`receiver-hooks-${role}`)
    expect(named('ServiceAccount', `receiver-hooks-${role}`)).toBeDefined()
    expect(at(deployment, 'spec', 'replicas')).toBe(2)
  })

  it('knows its namespace', () => {
    const source = { fieldRef: { fieldPath: 'metadata.namespace' } }
    expect(listAt(container, 'env')).toContainEqual({ name: 'POD_NAMESPACE', valueFrom: source })
  })

  it('is probed on the port of the operations server', async () => {
    expect(listAt(container, 'ports')).toContainEqual({
      name: 'operations',
      containerPort: (await servingOptions(stringsAt(container, 'args')))?.operationsPort,
    })
    for (const [probe, path] of [
      ['livenessProbe', '/healthz'],
      ['readinessProbe', '/readyz'],
    ] as const) {
      expect(at(container, probe, 'httpGet')).toEqual({ path, port: 'operations' })
    }
  })

  it('is asked the first time after a second, when it listens, so that a normal start leaves no warning', () => {
    expect(at(container, 'startupProbe', 'initialDelaySeconds')).toBe(1)
  })

  it('is stopped no sooner than it has served what was sent to it', async () => {
    const graceSeconds = Number(at(pod, 'terminationGracePeriodSeconds') ?? 30)
    const answersWithinMs = 4_000
    const { shutdownDelayMs = NaN } = (await servingOptions(stringsAt(container, 'args'))) ?? {}
    expect(shutdownDelayMs + answersWithinMs).toBeLessThan(graceSeconds * 1000)
  })

  it('keeps to the restricted Pod Security Standard, on a root file system that it cannot write', () => {
    expect(others).toEqual([])
    expect(at(pod, 'securityContext')).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(at(container, 'securityContext')).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    for (const member of ['hostNetwork', 'hostPID', 'hostIPC', 'volumes']) expect(at(pod, member)).toBeUndefined()
  })

  it('asks for memory and says how much is too much', () => {
    const quantity = /^[0-9]+(m|Mi)$/
    for (const [member, resource] of [
      ['requests', 'cpu'],
      ['requests', 'memory'],
      ['limits', 'memory'],
    ] as const) {
      expect(stringAt(container, 'resources', member, resource)).toMatch(quantity)
    }
  })

  it('has no limit of ephemeral storage, since its logs would count against that and have it evicted', () => {
    expect(at(container, 'resources', 'requests', 'ephemeral-storage')).toBeDefined()
    expect(at(container, 'resources', 'limits', 'ephemeral-storage')).toBeUndefined()
  })
})

it('the namespace refuses pods that are not restricted', () => {
  expect(at(named('Namespace', 'receiver-hooks'), 'metadata', 'labels')).toMatchObject({
    'pod-security.kubernetes.io/enforce': 'restricted',
  })
})

it('the Service leads from port 80, where URLs begin by default, to the port for posts', async () => {
  const service = named('Service', 'receiver-hooks-trigger')
  expect(listAt(service, 'spec', 'ports')).toEqual([
    { name: 'http', port: 80, targetPort: 'posts', appProtocol: 'http' },
  ])
  const template = at(named('Deployment', 'receiver-hooks-trigger'), 'spec', 'template')
  expect(at(template, 'metadata', 'labels')).toMatchObject(Object(at(service, 'spec', 'selector')))
  const options = await servingOptions(['serve', 'trigger'])
  expect(listAt(listAt(template, 'spec', 'containers')[0], 'ports')).toContainEqual({
    name: 'posts',
    containerPort: options?.triggerPort,
  })
})

describe('the roles', () => {
  const roles = [...ofKind('ClusterRole'), ...ofKind('Role')]
  const rulesOf = (role: unknown): readonly unknown[] => listAt(role, 'rules')

  it('hold no wildcard and no right to become more', () => {
    for (const rule of roles.flatMap(rulesOf)) {
      for (const member of ['apiGroups', 'resources', 'verbs']) expect(stringsAt(rule, member)).not.toContain('*')
      for (const verb of ['bind', 'escalate', 'impersonate']) expect(stringsAt(rule, 'verbs')).not.toContain(verb)
    }
  })

  it('give Secrets to the controller alone, and by name, but for those that are bound to nobody', () => {
    const reading = roles.filter(role =>
      rulesOf(role).some(
        rule =>
          stringsAt(rule, 'resources').includes('secrets') &&
          stringsAt(rule, 'resourceNames').length === 0 &&
          stringsAt(rule, 'verbs').some(verb => verb !== 'create'),
      ),
    )
    expect(reading.map(nameOf)).toEqual(['receiver-hooks-install', 'receiver-hooks-secrets', 'receiver-hooks-auth'])
    const trigger = roles.filter(role => nameOf(role) === 'receiver-hooks-trigger')
    expect(JSON.stringify(trigger)).not.toContain('secrets')
  })

  it('are bound to service accounts that exist, and those for Secrets only by their components', () => {
    const bindings = manifests.filter(({ object }) => kindOf(object).endsWith('Binding') && at(object, 'roleRef'))
    expect(bindings).toHaveLength(8)
    for (const { folder, object } of bindings) {
      expect(named(stringAt(object, 'roleRef', 'kind') ?? '', stringAt(object, 'roleRef', 'name') ?? '')).toBeDefined()
      const subjects = listAt(object, 'subjects')
      expect(subjects).toHaveLength(folder === authComponent ? 2 : 1)
      for (const subject of subjects) {
        expect(named('ServiceAccount', stringAt(subject, 'name') ?? '')).toBeDefined()
        expect(stringAt(subject, 'namespace')).toBe('receiver-hooks')
      }
      const components = { 'receiver-hooks-secrets': secretsComponent, [authRole]: authComponent }
      const role = stringAt(object, 'roleRef', 'name') ?? ''
      const ofBase = stringAt(object, 'roleRef', 'kind') === 'Role' ? workloads : base
      const folders =
        role === targetsRole ? [base, targetsComponent] : [new Map(Object.entries(components)).get(role) ?? ofBase]
      expect(folders).toContain(folder)
    }
  })

  it('that the base does not bind are made by the administrator of the cluster, for an installation in one namespace', () => {
    const ofBase = manifests.filter(({ folder }) => folder === base).map(({ object }) => object)
    const bound = ofBase.filter(object => kindOf(object) === 'ClusterRoleBinding')
    expect(
      ofBase
        .filter(object => kindOf(object) === 'ClusterRole')
        .map(nameOf)
        .sort(),
    ).toEqual(bound.map(object => stringAt(object, 'roleRef', 'name') ?? '').sort())
  })

  it('for the Secrets of auth let them be read by name, and are bound in one namespace at a time, to both accounts', () => {
    expect(rulesOf(named('ClusterRole', authRole))).toEqual([
      { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
    ])
    const [binding, ...others] = manifests.filter(({ folder }) => folder === authComponent)
    expect(others).toEqual([])
    expect(binding && kindOf(binding.object)).toBe('RoleBinding')
    expect(at(binding?.object, 'metadata')).toEqual({ name: authRole })
    expect(listAt(binding?.object, 'subjects').map(subject => stringAt(subject, 'name'))).toEqual([
      'receiver-hooks-controller',
      'receiver-hooks-trigger',
    ])
  })

  it('for an account go into one kustomization with those of drivers', () => {
    const components = globSync('deploy/kustomize/components/*').filter(folder => !folder.endsWith('-everywhere'))
    const account = 'deploy/kustomize/components/account'
    const names = (folder: string): readonly string[] =>
      manifestsIn(folder)
        .filter(({ file }) => file !== 'kustomization.yaml')
        .map(({ object }) => `${kindOf(object)}/${nameOf(object)}`)
    const others = components.filter(folder => folder !== account).flatMap(names)
    expect(others).toContain('RoleBinding/receiver-hooks-controller-run-job')
    expect(names(account).filter(name => others.includes(name))).toEqual([])
  })

  it('are part of "edit" and "admin" for hooks alone, and never of "view", since a status holds a URL', () => {
    const aggregated = roles.filter(role => JSON.stringify(at(role, 'metadata')).includes('/aggregate-to-'))
    expect(aggregated.map(nameOf)).toEqual(['receiver-hooks-edit'])
    expect(at(aggregated[0], 'metadata', 'labels')).toEqual({
      'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
      'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
    })
    expect(rulesOf(aggregated[0]).map(rule => at(rule, 'resources'))).toEqual([['receiverhooks']])
  })
})

describe('the admission policies', () => {
  const policies = ofKind('ValidatingAdmissionPolicy')

  it.each(policies.map(policy => [nameOf(policy), policy] as const))(
    '%s fails closed, and is bound to deny',
    (name, policy) => {
      expect(at(policy, 'spec', 'failurePolicy')).toBe('Fail')
      expect(at(named('ValidatingAdmissionPolicyBinding', name), 'spec')).toEqual({
        policyName: name,
        validationActions: ['Deny'],
      })
    },
  )

  it.each(drivers.filter(({ rights }) => rights.author.length > 0).map(({ name }) => name))(
    'ask the author of a hook with the driver %s',
    driver => {
      expect(JSON.stringify(named('ValidatingAdmissionPolicy', 'receiver-hooks-authors'))).toContain(
        `!(has(object.spec.${driver})`,
      )
    },
  )

  const writtenBy = (rights: DriverRights) =>
    [rights, ...(rights.extras ?? [])]
      .flatMap(({ trigger }) => trigger)
      .filter(({ verbs }) => verbs.some(verb => !['get', 'list', 'watch'].includes(verb)))

  it('are not about the driver that writes nothing into the cluster', () => {
    const without = drivers.filter(({ rights }) => writtenBy(rights).length === 0)
    expect(without.map(({ name }) => name)).toEqual(['forward'])
  })

  it.each(drivers)('keep the trigger within what $name may write', ({ rights }) => {
    const rules = listAt(
      named('ValidatingAdmissionPolicy', 'receiver-hooks-trigger'),
      'spec',
      'matchConstraints',
      'resourceRules',
    )
    const watched = rules.flatMap(rule =>
      stringsAt(rule, 'resources').map(resource => `${stringsAt(rule, 'apiGroups').join()}/${resource}`),
    )
    const written = writtenBy(rights)
    expect(watched).toEqual(expect.arrayContaining(written.map(({ group, resource }) => `${group}/${resource}`)))
  })
})
