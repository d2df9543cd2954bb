import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { kubectl } from '../support/kubectl.ts'
import {
  authComponent,
  base,
  blocksIn,
  byNamespaceComponent,
  kindOf,
  listAt,
  nameOf,
  objectsIn,
  stringsAt,
  targetsComponent,
} from './manifests.ts'
import { servingOptions } from '../support/serving.ts'

const rendered = async (folder: string): Promise<readonly unknown[]> => {
  const { code, stderr, stdout } = await kubectl('/dev/null', ['kustomize', folder])
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return objectsIn(stdout)
}

/** Returns a folder that holds this checkout as `receiver-hooks`, and the overlay of a how-to. */
const overlay = async (page: string, name = ''): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-overlay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await symlink(process.cwd(), join(folder, 'receiver-hooks'))
  const yaml = blocksIn(page, 'yaml').find(block => block.startsWith(`# ${name}`)) ?? ''
  const file = join(folder, /^# (\S+)/.exec(yaml)?.[1] ?? 'nowhere')
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, yaml)
  return dirname(file)
}

it('the base renders, CRDs and all', async () => {
  const kinds = (await rendered(base)).map(kindOf)
  expect(kinds).toContain('CustomResourceDefinition')
  expect(kinds.filter(kind => kind === 'Deployment')).toHaveLength(2)
})

it.each([
  ['base', true],
  ['overlays/single', true],
  // The policy of the manifests binds the account of another namespace.
  ['overlays/namespaced', false],
])('%s says whether the policy binds its trigger: %s', async (folder, binds) => {
  const deployments = (await rendered(`deploy/kustomize/${folder}`)).filter(object => kindOf(object) === 'Deployment')
  const said = deployments.flatMap(object =>
    listAt(at(object, 'spec', 'template', 'spec'), 'containers').flatMap(container => stringsAt(container, 'args')),
  )
  expect(said.includes('--trigger-policy')).toBe(binds)
})

it.each([
  ['Flux', 'flux', ['spec'], 'kustomize.toolkit.fluxcd.io/prune', 'disabled'],
  [
    'Argo CD',
    'argo-cd',
    ['spec', 'source', 'kustomize'],
    'argocd.argoproj.io/sync-options',
    'Prune=false,Delete=false',
  ],
] as const)(
  'the patches of the example for %s keep the CRDs and the namespace, and nothing else',
  async (...example) => {
    const [, of, path, annotation, value] = example
    const [applied] = objectsIn(readFileSync(`deploy/examples/${of}/receiver-hooks.yaml`, 'utf8'))
    const folder = await mkdtemp(join(process.cwd(), 'node_modules/.cache-overlay-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const overlay = { resources: [`../../${base}`], patches: listAt(applied, ...path, 'patches') }
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(overlay))
    const kept = (await rendered(folder)).filter(object => at(object, 'metadata', 'annotations', annotation) === value)
    expect(kept.map(kindOf).toSorted()).toEqual(['CustomResourceDefinition', 'CustomResourceDefinition', 'Namespace'])
  },
)

it('the overlay for one namespace has everything, and all accounts that it gives rights to, in that namespace', async () => {
  const objects = await rendered(await overlay('docs/how-to/install.md', 'my-namespace/'))
  expect(objects.length).toBeGreaterThan(5)
  expect(objects.filter(object => stringAt(object, 'metadata', 'namespace') !== 'shop')).toEqual([])
  const subjects = objects.flatMap(object => listAt(object, 'subjects'))
  expect(new Set(subjects.map(subject => stringAt(subject, 'namespace')))).toEqual(new Set(['shop']))
})

it('the overlay of the how-to adds its URL, image and component to the base', async () => {
  const objects = await rendered(await overlay('docs/how-to/install.md', 'my-cluster/'))
  const deployment = objects.find(object => kindOf(object) === 'Deployment' && nameOf(object).endsWith('-controller'))
  const [controller] = listAt(deployment, 'spec', 'template', 'spec', 'containers')
  expect(stringAt(controller, 'image')).toBe('registry.example.com/receiver-hooks:0.1.0')
  expect(await servingOptions(stringsAt(controller, 'args'))).toMatchObject({
    roles: ['controller'],
    publicURL: 'https://hooks.example.com',
  })
  expect(objects.filter(object => kindOf(object) === 'ClusterRoleBinding').map(nameOf)).toContain(
    'receiver-hooks-secrets',
  )
})

it('the component by-namespace takes away everywhere what the component targets gives in one namespace', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-overlay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await symlink(process.cwd(), join(folder, 'receiver-hooks'))
  await mkdir(join(folder, 'overlay'))
  const kustomization = {
    resources: [`../receiver-hooks/${base}`],
    components: [`../receiver-hooks/${byNamespaceComponent}`],
  }
  await writeFile(join(folder, 'overlay', 'kustomization.yaml'), JSON.stringify(kustomization))
  const bound = (objects: readonly unknown[]): readonly (string | undefined)[] =>
    objects.filter(object => kindOf(object).endsWith('Binding')).map(object => stringAt(object, 'roleRef', 'name'))
  expect(bound(await rendered(base))).toContain('receiver-hooks-trigger-targets')
  expect(bound(await rendered(join(folder, 'overlay')))).not.toContain('receiver-hooks-trigger-targets')
  expect(bound(await rendered(targetsComponent))).toEqual(['receiver-hooks-trigger-targets'])
})

it.each([
  [
    'in the namespace that the overlay of the how-to names',
    () => overlay('docs/how-to/authenticate-senders.md'),
    'shop',
  ],
  ['in the namespace that kubectl is given where it is applied by itself', () => authComponent, undefined],
])('the component for auth lets both accounts read Secrets %s', async (_name, folder, namespace) => {
  const objects = await rendered(await folder())
  expect(objects).toMatchObject([
    {
      kind: 'RoleBinding',
      roleRef: { kind: 'ClusterRole', name: 'receiver-hooks-auth' },
      subjects: [
        { name: 'receiver-hooks-controller', namespace: 'receiver-hooks' },
        { name: 'receiver-hooks-trigger', namespace: 'receiver-hooks' },
      ],
    },
  ])
  expect(stringAt(objects[0], 'metadata', 'namespace')).toBe(namespace)
})

it('the overlay of the how-to on a busy API server leaves out what is for flow control, and nothing else', async () => {
  const isFlowControl = (object: unknown): boolean => /^(FlowSchema|PriorityLevelConfiguration)$/.test(kindOf(object))
  const all = await rendered(base)
  expect(all.filter(isFlowControl)).toHaveLength(3)
  const made = await rendered(await overlay('docs/how-to/operate.md#let-alerts-through-while-the-api-server-is-busy'))
  expect(made).toEqual(all.filter(object => !isFlowControl(object)))
})
