import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { stringAt } from '../../src/api/json.ts'
import { parseCommand } from '../../src/config.ts'
import { kubectl } from '../support/kubectl.ts'
import { base, blocksIn, kindOf, listAt, nameOf, objectsIn, stringsAt } from './manifests.ts'

const rendered = async (folder: string): Promise<readonly unknown[]> => {
  const { code, stderr, stdout } = await kubectl('/dev/null', ['kustomize', folder])
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return objectsIn(stdout)
}

/** A folder that holds this checkout as `receiver-hooks`, and the how-to's overlay. */
const overlay = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-overlay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await symlink(process.cwd(), join(folder, 'receiver-hooks'))
  const [yaml = ''] = blocksIn('docs/how-to/install.md', 'yaml')
  const file = join(folder, /^# (\S+)/.exec(yaml)?.[1] ?? 'nowhere')
  await mkdir(dirname(file))
  await writeFile(file, yaml)
  return dirname(file)
}

it('the base renders, CRDs and all', async () => {
  const kinds = (await rendered(base)).map(kindOf)
  expect(kinds).toContain('CustomResourceDefinition')
  expect(kinds.filter(kind => kind === 'Deployment')).toHaveLength(2)
})

it('the overlay of the how-to adds its URL, image and component to the base', async () => {
  const objects = await rendered(await overlay())
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
