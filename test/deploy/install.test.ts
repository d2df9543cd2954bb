import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { stringAt } from '../../src/api/json.ts'
import { parseCommand } from '../../src/config.ts'
import { kubectl } from '../support/kubectl.ts'
import { authComponent, base, blocksIn, kindOf, listAt, nameOf, objectsIn, stringsAt } from './manifests.ts'

const rendered = async (folder: string): Promise<readonly unknown[]> => {
  const { code, stderr, stdout } = await kubectl('/dev/null', ['kustomize', folder])
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return objectsIn(stdout)
}

/** A folder that holds this checkout as `receiver-hooks`, and the overlay of a how-to. */
const overlay = async (page: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-overlay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await symlink(process.cwd(), join(folder, 'receiver-hooks'))
  const [yaml = ''] = blocksIn(page, 'yaml')
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

it('the overlay of the how-to adds its URL, image and component to the base', async () => {
  const objects = await rendered(await overlay('docs/how-to/install.md'))
  const deployment = objects.find(object => kindOf(object) === 'Deployment' && nameOf(object).endsWith('-controller'))
  const [controller] = listAt(deployment, 'spec', 'template', 'spec', 'containers')
  expect(stringAt(controller, 'image')).toBe('registry.example.com/receiver-hooks:0.1.0')
  expect(parseCommand(stringsAt(controller, 'args'), {}, 'x')).toMatchObject({
    roles: ['controller'],
    publicURL: 'https://hooks.example.com',
  })
  expect(objects.filter(object => kindOf(object) === 'ClusterRoleBinding').map(nameOf)).toContain(
    'receiver-hooks-secrets',
  )
})

it.each([
  [
    'in the namespace that the overlay of the how-to names',
    () => overlay('docs/how-to/authenticate-senders.md'),
    'shop',
  ],
  ['in the namespace that kubectl is told where it is applied by itself', () => authComponent, undefined],
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
