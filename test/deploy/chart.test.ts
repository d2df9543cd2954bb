import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { at, isObject, stringAt } from '../../src/api/json.ts'
import { optionalRights } from '../../src/drivers/cluster-roles.ts'
import { drivers } from '../../src/drivers/registry.ts'
import { version } from '../../src/version.ts'
import { chart, helm, withImage } from '../support/helm.ts'
import { kubectl } from '../support/kubectl.ts'
import { rendered } from './rendered.ts'
import { base, clusterWide, kindOf, listAt, nameOf, objectsIn, stringsAt } from './manifests.ts'

const kustomized = async (folder: string): Promise<readonly unknown[]> =>
  objectsIn((await kubectl('/dev/null', ['kustomize', folder])).stdout)

/** Labels and annotations with the maker of an object. */
const ofMakers = new Set(['app.kubernetes.io/managed-by', 'helm.sh/chart', 'helm.sh/resource-policy'])

/** Returns an object without what says who made it and where the image is, and with its members in one order. */
const comparable = (value: unknown): unknown => {
  if (typeof value === 'string') return value.replace(/^docker\.io\/library\//, '')
  if (Array.isArray(value)) return value.map(comparable)
  if (!isObject(value)) return value
  const members = Object.entries(value)
    .filter(([name]) => !ofMakers.has(name))
    .map(([name, member]): [string, unknown] => [name, comparable(member)])
    .filter(([name, member]) => name !== 'annotations' || !isObject(member) || Object.keys(member).length > 0)
  return Object.fromEntries(members.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const byName = (objects: readonly unknown[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(objects.map(object => [`${kindOf(object)} ${nameOf(object)}`, comparable(object)]))

const component = (name: string): string => `deploy/kustomize/components/${name}`

/** What the chart leaves out unless it is asked, and the manifests have. */
const asManifests = [
  ...['clusterRoles.all=true', 'clusterRoles.aggregate=true', 'drivers.scale.everywhere=true'],
  'flowControl.enabled=true',
]

describe('with everything that the manifests have', () => {
  it('makes the same objects as the base and the component for network policies, but for the namespace', async () => {
    const { 'Namespace receiver-hooks': namespace, ...expected } = byName([
      ...(await kustomized(base)),
      ...(await kustomized(component('network-policy'))),
    ])
    expect(namespace).toBeDefined()
    expect(byName(await rendered(...asManifests))).toEqual(expected)
  })
})

it.each([
  ['ingress', ['ingress.enabled=true', 'ingress.host=hooks.example.com']],
  [
    'http-route',
    ['httpRoute.enabled=true', 'httpRoute.parentRefs[0].name=gateway', 'httpRoute.hostnames[0]=hooks.example.com'],
  ],
  ['pod-monitor', ['monitoring.podMonitor.enabled=true']],
  ['secrets', ['secrets.everywhere=true']],
  ['dashboard', ['dashboard.enabled=true', 'dashboard.url=https://receiver-hooks.example.com']],
  ...optionalRights(drivers).map(({ name }): [string, string[]] => [
    `${name}-everywhere`,
    [`drivers.${name}.everywhere=true`],
  ]),
])('makes the same objects as the component %s', async (name, values) => {
  const made = byName(await rendered(...values))
  for (const [key, object] of Object.entries(byName(await kustomized(component(name))))) {
    expect(without(made[key], 'labels')).toEqual(without(object, 'labels'))
  }
})

/** Returns an object without a member of its metadata. */
const without = (object: unknown, member: string): unknown => {
  const metadata = at(object, 'metadata')
  if (!isObject(object) || !isObject(metadata)) return object
  return { ...object, metadata: Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== member)) }
}

it('lets the trigger act as the accounts that are listed, as the component does, and gives it no right to targets', async () => {
  const made = await rendered('accounts.namespaces.shop={hooks}')
  const inShop = byName(made.filter(object => at(object, 'metadata', 'namespace') === 'shop'))
  const ofComponent = byName(await kustomized(component('account')))
  expect(Object.keys(inShop).toSorted()).toEqual(Object.keys(ofComponent).toSorted())
  for (const [key, object] of Object.entries(ofComponent)) {
    expect(without(without(inShop[key], 'labels'), 'namespace')).toEqual(object)
  }
  const bound = made.filter(object => kindOf(object) === 'ClusterRoleBinding').map(nameOf)
  expect(bound).not.toContain('receiver-hooks-trigger-targets')
})

it('makes the same Deployment as the overlay for small clusters', async () => {
  const overlay = byName(await kustomized('deploy/kustomize/overlays/single'))
  const made = byName(await rendered(...asManifests, 'single=true', 'networkPolicy.enabled=false'))
  const { 'Namespace receiver-hooks': _, ...expected } = overlay
  expect(made).toEqual(expected)
})

it('makes Roles alone where it serves the namespaces of a list', async () => {
  const objects = await rendered('watchNamespaces={shop,yard}', 'crds.enabled=false', 'admissionPolicy.enabled=false')
  expect(objects.map(kindOf).filter(kind => /^Cluster|^Custom|^Validating/.test(kind))).toEqual([])
  const bound = objects.filter(object => kindOf(object) === 'RoleBinding')
  expect(bound.map(object => stringAt(object, 'metadata', 'namespace') ?? '').sort()).toEqual([
    ...['receiver-hooks', 'receiver-hooks', 'receiver-hooks'],
    ...['shop', 'shop', 'shop'],
    ...['yard', 'yard', 'yard'],
  ])
  for (const binding of bound) {
    const [namespace, name] = [stringAt(binding, 'metadata', 'namespace'), stringAt(binding, 'roleRef', 'name')]
    const role = objects.find(
      object =>
        kindOf(object) === 'Role' && nameOf(object) === name && at(object, 'metadata', 'namespace') === namespace,
    )
    expect(role, `${namespace}/${name}`).toBeDefined()
  }
})

it.each([
  ['two processes', 'controller', []],
  ['one', 'trigger', ['single=true']],
])(
  'lets the controller report of signing keys where it serves another namespace, in %s',
  async (_what, role, values) => {
    const objects = await rendered('watchNamespaces={shop}', ...values)
    const inOwn = objects.filter(object => at(object, 'metadata', 'namespace') === 'receiver-hooks')
    const bound = inOwn.filter(
      object =>
        kindOf(object) === 'RoleBinding' &&
        listAt(object, 'subjects').some(subject => at(subject, 'name') === `receiver-hooks-${role}`),
    )
    const rules = bound.flatMap(binding => {
      const found = inOwn.find(
        object => kindOf(object) === 'Role' && nameOf(object) === stringAt(binding, 'roleRef', 'name'),
      )
      return listAt(found, 'rules')
    })
    expect(rules).toContainEqual({ apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] })
  },
)

describe('where it serves one namespace, optional rights', () => {
  const given = [
    ...['secrets.namespaces={shop}', 'auth.namespaces={shop}', 'accounts.namespaces.shop={hooks}'],
    ...optionalRights(drivers).map(({ name }) => `drivers.${name}.namespaces={shop}`),
  ]
  const byAdministrator = ['crds.enabled=false', 'admissionPolicy.enabled=false']

  it.each([
    ['of the chart', []],
    ['that an administrator has applied', byAdministrator],
  ])('are bound to ClusterRoles %s', async (_what, values) => {
    const made = await rendered('watchNamespaces={shop}', ...values, ...given)
    const present = values.length === 0 ? made : [...made, ...(await kustomized(clusterWide))]
    const roles = present.filter(object => /^(Cluster)?Role$/.test(kindOf(object)))
    const bindings = made.filter(object => /^(Cluster)?RoleBinding$/.test(kindOf(object)))
    const refs = bindings.map(
      binding => `${stringAt(binding, 'roleRef', 'kind')}/${stringAt(binding, 'roleRef', 'name')}`,
    )
    expect(roles.map(role => `${kindOf(role)}/${nameOf(role)}`)).toEqual(expect.arrayContaining(refs))
    expect(refs).toContain('ClusterRole/receiver-hooks-trigger-redeploy')
  })

  it('come with ClusterRoles that only one of the two makes', async () => {
    const made = await rendered(...byAdministrator)
    const names = (objects: readonly unknown[]): readonly string[] => Object.keys(byName(objects))
    const ofAdministrator = names(await kustomized(clusterWide))
    expect(names(made).filter(name => ofAdministrator.includes(name))).toEqual([])
  })
})

it('lists each kind that it installs for Artifact Hub', async () => {
  const installed = (await rendered()).filter(object => kindOf(object) === 'CustomResourceDefinition').map(nameOf)
  const annotations = at(parse(readFileSync(`${chart}/Chart.yaml`, 'utf8')), 'annotations')
  const listed: unknown = parse(stringAt(annotations, 'artifacthub.io/crds') ?? '')
  expect(listAt({ listed }, 'listed').map(kind => stringAt(kind, 'name'))).toEqual(expect.arrayContaining(installed))
})

it('has no pod that ends, if it is rendered as its pages say', async () => {
  const command = `helm template receiver-hooks ${chart} --namespace receiver-hooks --skip-tests --set image.registry=REGISTRY`
  const { code, stdout } = await helm(...command.replace('REGISTRY', 'registry.example.com').split(' ').slice(1))
  expect(code).toBe(0)
  const kinds = objectsIn(stdout).map(kindOf)
  expect(kinds).toContain('Deployment')
  expect(kinds).not.toContain('Pod')
  for (const page of ['docs/how-to/install.md', `${chart}/README.md`])
    expect(readFileSync(page, 'utf8')).toContain(command)
})

it("passes Helm's strict lint", async () => {
  expect(await helm('lint', '--strict', chart, ...withImage)).toMatchObject({ code: 0 })
})

describe('values', () => {
  it.each([
    ['a key that is not known', 'trigger.replica=3', "additional properties 'replica' not allowed"],
    [
      'a key that is not known at the top',
      'publicUrl=https://hooks.example.com',
      "additional properties 'publicUrl' not allowed",
    ],
    ['a count that is none', 'trigger.replicas=many', 'got string, want null or integer'],
    ['a URL that is none', 'publicURL=hooks.example.com', 'does not match pattern'],
    ['a path of the page', 'dashboard.url=https://ops.example.com/hooks', 'does not match pattern'],
    ['a namespace that is named twice', 'drivers.scale.namespaces={shop,shop}', 'items at 0 and 1 are equal'],
    ['a level that is none', 'logLevel=loud', 'value must be one of'],
    [
      'arguments of a controller where one pod is both roles',
      'single=true,controller.extraArgs={--host=::1}',
      'no pod uses controller.extraArgs and controller.extraEnv: use those of trigger',
    ],
    ['a pod that is killed before it has ended', 'trigger.terminationGracePeriodSeconds=5', 'minimum: got 5, want 10'],
    ['an Ingress without a host', 'ingress.enabled=true', 'ingress.host is the host name of your URLs'],
    ['an HTTPRoute without a Gateway', 'httpRoute.enabled=true', 'httpRoute.parentRefs are your Gateways'],
  ])('refuse %s', async (_name, value, message) => {
    const { code, stderr } = await helm('template', 'x', chart, ...withImage, '--set', value)
    expect(code).not.toBe(0)
    expect(stderr).toContain(message)
  })

  it('refuse to serve the namespace of the release alone, where the policy lets the trigger change nothing', async () => {
    const inOwn = (...values: readonly string[]) =>
      helm(
        'template',
        'x',
        chart,
        ...withImage,
        '-n',
        'shop',
        ...['watchNamespaces={shop}', ...values].flatMap(value => ['--set', value]),
      )
    const refused = await inOwn()
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain("watchNamespaces contains the release's own namespace")
    for (const values of [
      'admissionPolicy.enabled=false',
      'accounts.namespaces.shop={hooks}',
      'drivers.forward.everywhere=true',
    ])
      expect(await inOwn(values)).toMatchObject({ code: 0 })
  })

  it('let pass what other charts share', async () => {
    expect(await rendered('global.anything=x')).not.toEqual([])
  })

  const containers = async (...values: readonly string[]): Promise<readonly unknown[]> =>
    (await rendered(...values))
      .filter(object => kindOf(object) === 'Deployment')
      .flatMap(object => listAt(object, 'spec', 'template', 'spec', 'containers'))

  it.each([
    [[], `docker.io/library/receiver-hooks:${version}`],
    [
      ['image.registry=registry.example.com', 'image.repository=team/hooks'],
      `registry.example.com/team/hooks:${version}`,
    ],
    [['image.registry=a.example.com', 'global.imageRegistry=b.example.com'], `b.example.com/receiver-hooks:${version}`],
    [[`image.digest=sha256:${'a'.repeat(64)}`], `docker.io/library/receiver-hooks:${version}@sha256:${'a'.repeat(64)}`],
  ])('%j give the image %s', async (values, image) => {
    for (const container of await containers(...values)) expect(stringAt(container, 'image')).toBe(image)
  })

  it('give flags to the role that takes them', async () => {
    const [controller, trigger] = await containers(
      ...['publicURL=https://hooks.example.com', 'logLevel=debug', 'trigger.extraArgs[0]=--host=::1'],
      'tracing.endpoint=http://collector:4318',
    )
    expect(stringsAt(controller, 'args')).toEqual([
      ...['serve', 'controller', '--shutdown-delay=5', '--trigger-account=receiver-hooks-trigger', '--trigger-policy'],
      '--log-level=debug',
      '--public-url=https://hooks.example.com',
    ])
    expect(stringsAt(trigger, 'args')).toEqual([
      'serve',
      'trigger',
      '--shutdown-delay=5',
      '--log-level=debug',
      '--otlp-endpoint=http://collector:4318',
      '--host=::1',
    ])
  })

  it.each([
    ['two processes', []],
    ['one', ['single=true']],
  ])('say nothing of a policy that is not installed, in %s', async (_what, values) => {
    for (const container of await containers('admissionPolicy.enabled=false', ...values))
      expect(stringsAt(container, 'args')).not.toContain('--trigger-policy')
  })

  it.each([
    ['controller', []],
    ['trigger', []],
    ['dashboard', ['dashboard.enabled=true', 'dashboard.url=https://page.example.com']],
  ])('place the pods of the %s, and say more of them and of their account', async (role, enabled) => {
    const objects = await rendered(
      ...enabled,
      `${role}.nodeSelector.disk=fast`,
      `${role}.tolerations[0].key=batch`,
      `${role}.affinity.podAffinity.kept=yes`,
      `${role}.priorityClassName=important`,
      `${role}.podAnnotations.note=seen`,
      `${role}.podLabels.team=shop`,
      `${role}.serviceAccountAnnotations.owner=shop`,
    )
    const named = (kind: string): unknown =>
      objects.find(object => kindOf(object) === kind && nameOf(object) === `receiver-hooks-${role}`)
    expect(at(named('Deployment'), 'spec', 'template')).toMatchObject({
      metadata: { annotations: { note: 'seen' }, labels: { team: 'shop' } },
      spec: {
        nodeSelector: { disk: 'fast' },
        tolerations: [{ key: 'batch' }],
        affinity: { podAffinity: { kept: 'yes' } },
        priorityClassName: 'important',
      },
    })
    expect(at(named('ServiceAccount'), 'metadata', 'annotations')).toEqual({ owner: 'shop' })
  })

  it('give pods one label of each name, and those by which they are selected', async () => {
    const page = ['dashboard.enabled=true', 'dashboard.url=https://page.example.com']
    const name = 'app\\.kubernetes\\.io/name'
    const roles = ['controller', 'trigger', 'dashboard']
    // Reading the objects fails where a label comes twice.
    const objects = await rendered(
      ...page,
      'commonLabels.team=platform',
      ...roles.flatMap(role => [`${role}.podLabels.team=shop`, `${role}.podLabels.${name}=other`]),
    )
    const labels = objects
      .filter(object => kindOf(object) === 'Deployment')
      .map(object => at(object, 'spec', 'template', 'metadata', 'labels'))
    expect(labels).toHaveLength(roles.length)
    for (const each of labels) expect(each).toMatchObject({ team: 'shop', 'app.kubernetes.io/name': 'receiver-hooks' })
  })

  it('allow issuers of ID tokens to both roles', async () => {
    const issuers = ['https://gitlab.com', 'https://kubernetes.default.svc,keys=cluster']
    const values = issuers.map((issuer, index) => `oidc.issuers[${index}]=${issuer.replaceAll(',', '\\,')}`)
    const argumentsOf = async (...more: readonly string[]) =>
      (await rendered(...values, ...more))
        .filter(object => kindOf(object) === 'Deployment')
        .map(object =>
          stringsAt(listAt(object, 'spec', 'template', 'spec', 'containers')[0], 'args').filter(argument =>
            argument.includes('oidc'),
          ),
        )
    const flags = issuers.map(issuer => `--oidc-issuer=${issuer}`)
    expect(await argumentsOf()).toEqual([flags, flags])
    expect(await argumentsOf('single=true')).toEqual([flags])
    const { code } = await helm(
      'template',
      'receiver-hooks',
      chart,
      ...withImage,
      '--set',
      'oidc.issuers[0]=http://gitlab.com',
    )
    expect(code).not.toBe(0)
  })

  it('make URLs with the port of the Service, unless they have a beginning', async () => {
    const beginnings = async (...values: readonly string[]): Promise<readonly string[]> =>
      (await containers(...values)).flatMap(container =>
        stringsAt(container, 'args').filter(argument => argument.startsWith('--public-url')),
      )
    const url = '--public-url=http://receiver-hooks-trigger.receiver-hooks.svc:8888'
    expect(await beginnings()).toEqual([])
    expect(await beginnings('service.port=8888')).toEqual([url])
    expect(await beginnings('service.port=8888', 'single=true')).toEqual([url])
    const given = 'https://hooks.example.com'
    expect(await beginnings('service.port=8888', `publicURL=${given}`)).toEqual([`--public-url=${given}`])
  })

  it('give pods the time that their arguments need to end', async () => {
    const times = (await rendered('trigger.terminationGracePeriodSeconds=60'))
      .filter(object => kindOf(object) === 'Deployment')
      .map(object => at(object, 'spec', 'template', 'spec', 'terminationGracePeriodSeconds'))
    expect(times).toEqual([30, 60])
  })

  it('let every pod reach the ports of the API server that they name', async () => {
    const all = ['dashboard.enabled=true', 'dashboard.url=https://page.example.com']
    const portsOf = async (...values: readonly string[]): Promise<readonly unknown[]> =>
      (await rendered(...all, ...values))
        .filter(object => kindOf(object) === 'NetworkPolicy')
        .map(object => listAt(listAt(object, 'spec', 'egress')[0], 'ports').map(port => at(port, 'port')))
    const [by, otherwise] = [
      [443, 6443, 8443, 16_443],
      [443, 16443],
    ]
    expect(await portsOf()).toEqual([by, by, by])
    expect(await portsOf('networkPolicy.apiServerPorts={443,16443}')).toEqual([otherwise, otherwise, otherwise])
  })

  it('let every pod be reached, and reach, by more rules, such as those of a mesh', async () => {
    const meshed = ['extraIngress', 'extraEgress'].map(name => `networkPolicy.${name}[0].ports[0].port=15008`)
    const rule = { ports: [{ port: 15_008 }] }
    const page = ['dashboard.enabled=true', 'dashboard.url=https://page.example.com']
    const policies = (await rendered(...page, ...meshed)).filter(object => kindOf(object) === 'NetworkPolicy')
    expect(policies.map(nameOf).toSorted()).toEqual(
      ['controller', 'dashboard', 'trigger'].map(role => `receiver-hooks-${role}`),
    )
    for (const policy of policies) {
      for (const direction of ['ingress', 'egress']) expect(listAt(policy, 'spec', direction)).toContainEqual(rule)
    }
  })

  it('leave the count of pods to an autoscaler where it is null', async () => {
    const counts = (await rendered('trigger.replicas=null'))
      .filter(object => kindOf(object) === 'Deployment')
      .map(object => at(object, 'spec', 'replicas'))
    expect(counts).toEqual([2, undefined])
  })

  it('bind the rights to Secrets in each namespace that is named', async () => {
    const objects = await rendered('secrets.namespaces={shop,yard}', 'auth.namespaces={shop}')
    const bindings = objects
      .filter(object => kindOf(object) === 'RoleBinding')
      .map(object => `${stringAt(object, 'metadata', 'namespace')}/${nameOf(object)}`)
    expect(bindings).toEqual(
      expect.arrayContaining([
        'shop/receiver-hooks-secrets',
        'yard/receiver-hooks-secrets',
        'shop/receiver-hooks-auth',
      ]),
    )
  })

  it('leave the kinds at an uninstallation, unless one of them says otherwise', async () => {
    const policies = async (...values: readonly string[]) =>
      (await rendered(...values))
        .filter(object => kindOf(object) === 'CustomResourceDefinition')
        .map(object => at(object, 'metadata', 'annotations', 'helm.sh/resource-policy'))
    expect(await policies()).toEqual(['keep', 'keep'])
    expect(await policies('crds.keep=false')).toEqual([undefined, undefined])
  })
})

describe('what every object is to have', () => {
  const monitoring = ['podMonitor', 'prometheusRule', 'dashboard'].map(name => `monitoring.${name}`)
  const all = [
    ...['commonAnnotations.team=shop', 'commonLabels.team=shop'],
    ...monitoring.flatMap(name => [`${name}.enabled=true`, `${name}.labels.release=prometheus`]),
    ...['ingress.enabled=true', 'ingress.host=hooks.example.com', 'httpRoute.enabled=true'],
    ...['httpRoute.parentRefs[0].name=gateway', 'secrets.everywhere=true', 'accounts.namespaces.shop={hooks}'],
    ...['dashboard.enabled=true', 'dashboard.url=https://page.example.com', 'ingress.annotations.own=yes'],
  ].flatMap(value => ['--set', value])

  it.each([
    ['everywhere', []],
    ['in one namespace', ['--set', 'watchNamespaces={shop}']],
  ])('is on every object, %s', async (_where, more) => {
    const objects = objectsIn((await helm('template', 'x', chart, ...withImage, ...all, ...more)).stdout).filter(
      isObject,
    )
    const marked = objects.map(object => [
      `${kindOf(object)}/${nameOf(object)}`,
      at(object, 'metadata', 'annotations', 'team'),
      at(object, 'metadata', 'labels', 'team'),
    ])
    expect(marked.length).toBeGreaterThan(30)
    expect(marked.filter(([, ...teams]) => teams.some(team => team !== 'shop'))).toEqual([])
    const labelled = objects.filter(object => at(object, 'metadata', 'labels', 'release') === 'prometheus')
    expect(labelled.map(kindOf).toSorted()).toEqual(['ConfigMap', 'PodMonitor', 'PrometheusRule'])
    const ingress = objects.find(object => kindOf(object) === 'Ingress')
    expect(at(ingress, 'metadata', 'annotations')).toEqual({ team: 'shop', own: 'yes' })
  })
})

describe('the network policy of the trigger', () => {
  const component = 'app.kubernetes.io/component'
  const peer = (role: string): object => ({
    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'receiver-hooks', [component]: role } },
  })
  const some = ['networkPolicy.postsFrom[0].namespaceSelector.matchLabels.team=shop']
  const page = ['dashboard.enabled=true', 'dashboard.url=https://page.example.com']

  /** Returns who may post, or undefined if everybody may. */
  const peersOf = async (...values: readonly string[]): Promise<unknown> => {
    const policy = (await rendered(...values)).find(
      object => kindOf(object) === 'NetworkPolicy' && nameOf(object) === 'receiver-hooks-trigger',
    )
    const rules = listAt(policy, 'spec', 'ingress')
    return at(
      rules.find(rule => listAt(rule, 'ports').some(port => at(port, 'port') === 'posts')),
      'from',
    )
  }

  it('lets everybody post where nobody is named', async () => {
    expect(await peersOf(...page)).toBeUndefined()
  })

  it.each([['in two processes', []] as const, ['in one', ['single=true']] as const])(
    'lets the pod of helm test post as well, and not the dashboard, with both roles %s',
    async (_, values) => {
      const named = { namespaceSelector: { matchLabels: { team: 'shop' } } }
      expect(await peersOf(...some, ...values)).toEqual([named, peer('test')])
      expect(await peersOf(...some, ...page, ...values)).toEqual([named, peer('test')])
    },
  )

  it('names labels that those pods have', async () => {
    const sets = page.flatMap(value => ['--set', value])
    const objects = objectsIn((await helm('template', 'receiver-hooks', chart, ...withImage, ...sets)).stdout)
    const labelsOf = (kind: string, name: string, ...path: readonly string[]): unknown =>
      at(
        objects.find(object => kindOf(object) === kind && nameOf(object) === name),
        ...path,
        'metadata',
        'labels',
      )
    const own = { 'app.kubernetes.io/name': 'receiver-hooks' }
    expect(labelsOf('Pod', 'receiver-hooks-test')).toMatchObject({ ...own, [component]: 'test' })
    expect(labelsOf('Deployment', 'receiver-hooks-dashboard', 'spec', 'template')).toMatchObject({
      ...own,
      [component]: 'dashboard',
    })
  })
})

it('has the dashboard listen on every address of IPv6 and IPv4', async () => {
  const objects = await rendered('dashboard.enabled=true', 'dashboard.url=https://page.example.com')
  const deployment = objects.find(
    object => kindOf(object) === 'Deployment' && nameOf(object) === 'receiver-hooks-dashboard',
  )
  const [container] = listAt(deployment, 'spec', 'template', 'spec', 'containers')
  expect(stringsAt(container, 'args').filter(argument => argument.startsWith('--host'))).toEqual(['--host=::'])
})

it('makes no FlowSchema unless it is turned on, nor where it serves one namespace', async () => {
  const kinds = async (...values: readonly string[]): Promise<readonly string[]> =>
    (await rendered(...values)).map(kindOf).filter(kind => /^(FlowSchema|PriorityLevel)/.test(kind))
  expect(await kinds('flowControl.enabled=true')).toHaveLength(3)
  expect(await kinds()).toEqual([])
  expect(await kinds('flowControl.enabled=true', 'watchNamespaces={shop}')).toEqual([])
})
