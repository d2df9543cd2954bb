import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { checkLayout } from '../../../scripts/image/check.ts'
import { file } from '../../../scripts/image/entry.ts'
import { newLayout } from '../../../scripts/image/layout.ts'

const time = new Date('2026-01-02T03:04:05Z')

const written = async (): Promise<{ readonly folder: string; readonly digest: string }> => {
  const folder = await mkdtemp(join(tmpdir(), 'layout-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const layout = await newLayout(folder)
  const program = await layout.layer('program', [file('app/main.mjs', 'main()')], time)
  const runs = { user: '65532:65532', entrypoint: ['/usr/bin/node', '/app/main.mjs'], environment: ['A=b'] }
  const images = (['amd64', 'arm64'] as const).map(architecture => ({ architecture, layers: [program], runs }))
  return { folder, digest: await layout.finish(images, '1.2.3', time, { 'org.example': 'x' }) }
}

it('gives the same digest for the same content', async () => {
  expect((await written()).digest).toBe((await written()).digest)
})

it('is a layout that holds together, with an image for each architecture', async () => {
  const { images } = await checkLayout((await written()).folder)
  expect(images.map(({ architecture }) => architecture)).toEqual(['amd64', 'arm64'])
  expect(images[0]?.config).toMatchObject({
    os: 'linux',
    config: { User: '65532:65532', Entrypoint: ['/usr/bin/node', '/app/main.mjs'], Env: ['PATH=/usr/bin', 'A=b'] },
  })
})

it('is refused where a blob is another than its digest says, or is needed by nothing', async () => {
  const { folder } = await written()
  const blobs = join(folder, 'blobs/sha256')
  await writeFile(join(blobs, '0'.repeat(64)), 'stray')
  await expect(checkLayout(folder)).rejects.toThrow('the blobs')
  const [first = ''] = (await readdir(blobs)).filter(name => !name.startsWith('000'))
  await writeFile(join(blobs, first), Buffer.concat([await readFile(join(blobs, first)), Buffer.from(' ')]))
  await expect(checkLayout(folder)).rejects.toThrow('the layout is broken')
})
