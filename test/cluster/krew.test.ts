import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { krewPart } from '../../scripts/cluster/parts.ts'
import { provide } from '../../scripts/cluster/provide.ts'
import { addPackages, pluginArchive } from '../../scripts/release/packages.ts'
import { version } from '../../src/version.ts'
import { kubectlPath } from '../support/kubectl.ts'

let work = ''
let manifest = ''

/** A release's manifest for Krew, and the archive that it names. */
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'krew-'))
  const folder = join(work, 'release')
  await mkdir(folder)
  await addPackages(folder, join(work, 'package'), 'https://git.example.com/hooks', 'https://downloads.example.com/v')
  manifest = join(folder, 'receiverhook.yaml')
})
afterAll(() => rm(work, { recursive: true, force: true }))

const run = async (program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  await promisify(execFile)(program, args, { env: { HOME: work, PATH: process.env['PATH'], ...env } })

const part = (name: string): Promise<string> => provide(krewPart, name, process.env, () => undefined)

it("Krew's own validation takes the manifest", async () => {
  const { stderr } = await run(await part('validate-krew-manifest'), ['-skip-install', '-manifest', manifest])
  expect(stderr).toContain('reading file')
})

it('Krew installs the plugin from its archive, and kubectl runs it', async () => {
  const root = join(work, 'root')
  const krew = await part('krew')
  const archive = join(dirname(manifest), pluginArchive)
  await run(krew, ['install', `--manifest=${manifest}`, `--archive=${archive}`], { KREW_ROOT: root })
  const path = [join(root, 'bin'), dirname(process.execPath), process.env['PATH']].join(':')
  expect(await run(await kubectlPath(), ['receiverhook', 'version'], { PATH: path })).toEqual({
    stdout: `${version}\n`,
    stderr: '',
  })
})
