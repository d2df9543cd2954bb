import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nodeParts } from '../../scripts/cluster/parts.ts'
import { locateAll, storeRoot } from '../../scripts/cluster/store.ts'
import { untar } from '../../scripts/image/archive.ts'
import { checkLayout } from '../../scripts/image/check.ts'
import { makeImage } from '../../scripts/image/image.ts'
import { revision } from '../../scripts/image/revision.ts'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { version } from '../../src/version.ts'
import { blockWith, listAt } from '../deploy/manifests.ts'
import { registryAddress } from './parts/address.ts'
import { socketIn } from './parts/containerd.ts'
import { layoutOf } from './parts/images.ts'
import { workFolder } from './parts/work.ts'
import { succeed } from './support.ts'

const reference = `receiver-hooks:${version}`
const layout = layoutOf(workFolder(process.env).folder, reference)
const remote = `${registryAddress}/library/${reference}`
const { crane = 'crane' } = locateAll(nodeParts, process.env)

const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-image-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

const digestOf = async (folder: string): Promise<string> =>
  stringAt(listAt(parseJson(await readFile(join(folder, 'index.json'), 'utf8')), 'manifests')[0], 'digest') ?? ''

it('a registry takes the image, crane finds nothing wrong with it, and its digest is the same there', async () => {
  for (const platform of ['linux/amd64', 'linux/arm64']) {
    expect(await succeed(`${crane} validate --insecure --platform ${platform} --remote ${remote} 2>&1`)).toContain(
      'PASS',
    )
  }
  expect(await succeed(`${crane} digest --insecure ${remote}`)).toBe(await digestOf(layout))
})

it('skopeo copies it to a registry and back, and nothing of it changes', async () => {
  const folder = await newFolder()
  const there = `docker://${registryAddress}/copied:1`
  const policy = `${folder}/policy.json`
  await succeed(`echo '{"default": [{"type": "insecureAcceptAnything"}]}' > ${policy}`)
  // Where a colon stands, skopeo reads a tag.
  await symlink(layout, join(folder, 'layout'))
  const copy = `skopeo --policy ${policy} copy --all --preserve-digests`
  await succeed(`${copy} --dest-tls-verify=false oci:${folder}/layout:${version} ${there}`)
  await succeed(`${copy} --src-tls-verify=false ${there} oci:${folder}/back:${version}`)
  expect(await digestOf(join(folder, 'back'))).toBe(await digestOf(layout))
})

it('the kubelet runs it where a person has imported it as the page says, without a registry', async () => {
  // The node has the image of the other tests. This one is made at another moment, so that it is not the same.
  const folder = await newFolder()
  const { commit, time } = await revision(process.env)
  const created = new Date(time.getTime() + 1000)
  await makeImage({ folder, version, created, revision: commit, downloads: join(storeRoot(process.env), 'image') })
  const page = blockWith('docs/how-to/install.md', 'sh', 'images import')
  const command = page
    .replace('dist/image', folder)
    .replace('ctr ', `ctr --address ${socketIn(workFolder(process.env).folder)} `)
    .replace('library/receiver-hooks', 'library/imported')
  expect(command).toContain('library/imported')
  await succeed(command)
  const pod = `imported-${randomBytes(3).toString('hex')}`
  onTestFinished(async () => void (await succeed(`kubectl delete pod ${pod} --wait=false`)))
  await succeed(`kubectl run ${pod} --image=imported:${version} --image-pull-policy=Never --restart=Never -- version`)
  await succeed(`kubectl wait --for=jsonpath='{.status.phase}'=Succeeded pod/${pod} --timeout=60s`)
  expect(await succeed(`kubectl logs ${pod}`)).toContain(version)
})

it('made again, with nothing kept of the first time but what was downloaded, it has the same digest', async () => {
  const folder = await newFolder()
  const { commit, time } = await revision(process.env)
  const downloads = join(storeRoot(process.env), 'image')
  const made = await makeImage({ folder, version, created: time, revision: commit, downloads })
  for (const { architecture, descriptor, name } of made.layers) {
    console.log(`${architecture} ${name}: ${(descriptor.size / 1e6).toFixed(1)} MB`)
  }
  console.log('digests of two builds:', made.digest, await digestOf(layout))
  expect(made.digest).toBe(await digestOf(layout))
})

describe('what is in it', async () => {
  const { images } = await checkLayout(layout)

  it.each(images.map(({ architecture }) => architecture))(
    'for %s: a Node, the program, no shell and no npm',
    async of => {
      const image = images.find(({ architecture }) => architecture === of)
      const files = (await Promise.all((image?.layers ?? []).map(layer => untar(layer)))).flat()
      const paths = files.map(({ header }) => header.name)
      expect(paths).toEqual(
        expect.arrayContaining([
          'usr/bin/node',
          'app/receiver-hooks.mjs',
          'app/NOTICES.txt',
          'var/lib/dpkg/status.d/libc6',
        ]),
      )
      expect(paths.filter(path => /(^|\/)(sh|bash|npm|apt)$|\.map$/.test(path))).toEqual([])
      for (const { header } of files) expect([header.uid, header.gid]).toEqual([0, 0])
      expect(at(image?.config, 'config', 'User')).toBe('65532:65532')
    },
  )
})
