import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { checksums } from '../../../scripts/release/checksums.ts'
import { addPackages, pluginArchive } from '../../../scripts/release/packages.ts'
import { at, parseJson, stringAt } from '../../../src/api/json.ts'
import { version } from '../../../src/version.ts'
import { kubectlPath } from '../../support/kubectl.ts'

const out = mkdtempSync(join(tmpdir(), 'package-'))
const archive = join(out, 'made', pluginArchive)
const path = (...folders: string[]): NodeJS.ProcessEnv => ({
  PATH: [...folders, dirname(process.execPath), process.env['PATH']].join(':'),
  HOME: out,
})

/** What a release takes of it. */
const release = join(out, 'release')
const npmArchive = `receiver-hooks-${version}.tgz`
const typesArchive = `receiver-hooks-types-${version}.tgz`

beforeAll(async () => {
  mkdirSync(release)
  await addPackages(release, join(out, 'made'), 'https://git.example.com/hooks', 'https://downloads.example.com/v')
})
afterAll(() => rmSync(out, { recursive: true, force: true }))

it('the npm package installs without a registry, and has both names', { timeout: 120_000 }, () => {
  const npm = (folder: string, ...args: string[]) =>
    execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--silent'], {
      cwd: folder,
      encoding: 'utf8',
      env: path(),
    })
  const packed = npm(join(out, 'made', 'npm'), 'pack', '--pack-destination', out).trim()
  npm(out, 'install', '--global', '--prefix', join(out, 'global'), join(out, packed))
  const bin = join(out, 'global', 'bin')
  expect(readdirSync(bin).sort()).toEqual(['kubectl-receiverhook', 'receiver-hooks'])
  const run = (command: string, ...args: string[]) => spawnSync(command, args, { env: path(bin), encoding: 'utf8' })
  expect(run('receiver-hooks', '--version').stdout).toBe(`${version}\n`)
  expect(run('kubectl-receiverhook', 'version', '-o', 'json').stdout).toBe(`{"version":"${version}"}\n`)
  expect(readdirSync(join(out, 'global', 'lib', 'node_modules'))).toEqual(['receiver-hooks'])
})

describe("Krew's archive", () => {
  const manifest = (): unknown => parse(readFileSync(join(out, 'made', 'receiverhook.yaml'), 'utf8'))

  it('has what the manifest says it has, and works as the plugin of kubectl once it is unpacked', async () => {
    const bytes = readFileSync(archive)
    const platforms: unknown = at(manifest(), 'spec', 'platforms')
    const all: readonly unknown[] = Array.isArray(platforms) ? platforms : []
    expect(all).toHaveLength(4)
    const folder = join(out, 'krew')
    mkdirSync(folder)
    execFileSync('tar', ['-xzf', archive, '-C', folder])
    for (const platform of all) {
      expect(stringAt(platform, 'sha256')).toBe(createHash('sha256').update(bytes).digest('hex'))
      expect(readdirSync(folder)).toEqual(expect.arrayContaining(['LICENSE', 'NOTICES.txt', 'dist']))
      expect(stringAt(platform, 'bin')).toBe('dist/kubectl-receiverhook.mjs')
    }
    // Krew makes a link of the plugin's name to the program.
    const bin = join(out, 'krew-bin')
    mkdirSync(bin)
    execFileSync('ln', ['-s', join(folder, 'dist', 'kubectl-receiverhook.mjs'), join(bin, 'kubectl-receiverhook')])
    const ran = spawnSync(await kubectlPath(), ['receiverhook', 'version'], { env: path(bin), encoding: 'utf8' })
    expect(ran).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('has a launcher for Windows, whose lines end as Windows ends them, and which names the program', () => {
    const [, program = ''] =
      /^@node "%~dp0([^"]+)" %\*\r\n$/.exec(
        execFileSync('tar', ['-xzOf', archive, 'kubectl-receiverhook.cmd'], { encoding: 'utf8' }),
      ) ?? []
    const listed = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' }).split('\n')
    expect(listed).toContain(program.replaceAll('\\', '/'))
  })

  it('is described as Krew asks: short, without examples, at most 80 columns', () => {
    expect(stringAt(manifest(), 'spec', 'shortDescription')?.length).toBeLessThanOrEqual(50)
    const text = `${stringAt(manifest(), 'spec', 'description')}${stringAt(manifest(), 'spec', 'caveats')}`
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    expect(stringAt(manifest(), 'spec', 'version')).toMatch(/^v\d+\.\d+\.\d+$/)
  })
})

it("a release has the npm packages, kubectl's plugin and Krew's manifest, and sha256sum finds all as listed", async () => {
  expect(readdirSync(release).sort()).toEqual([pluginArchive, npmArchive, typesArchive, 'receiverhook.yaml'])
  writeFileSync(join(release, 'SHA256SUMS'), await checksums(release))
  const checked = execFileSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: release, encoding: 'utf8' })
  expect(checked.trim().split('\n').sort()).toEqual([
    `${pluginArchive}: OK`,
    `${npmArchive}: OK`,
    `${typesArchive}: OK`,
    'receiverhook.yaml: OK',
  ])
})

it('the npm package is the one without dependencies that npm run package makes, not the private root', () => {
  const out = (...args: string[]): string => execFileSync('tar', args, { cwd: release, encoding: 'utf8' })
  const manifest = parseJson(out('-xzOf', npmArchive, 'package/package.json'))
  expect(at(manifest, 'private')).toBeUndefined()
  expect(at(manifest, 'dependencies')).toBeUndefined()
  const names = out('-tzf', npmArchive).trim().split('\n')
  expect(names).toEqual(expect.arrayContaining(['package/dist/receiver-hooks.mjs', 'package/dist/NOTICES.txt']))
  expect(names.filter(name => /^package\/(src|test|scripts|docs)\//.test(name))).toEqual([])
})

it('the npm packages say where they were published from, which npm compares with their provenance', () => {
  for (const archive of [npmArchive, typesArchive]) {
    const manifest = execFileSync('tar', ['-xzOf', archive, 'package/package.json'], { cwd: release, encoding: 'utf8' })
    expect(parseJson(manifest)).toMatchObject({
      version,
      repository: { type: 'git', url: 'git+https://git.example.com/hooks.git' },
      publishConfig: { provenance: true },
    })
  }
})

it('the npm package of types has types, the JSON Schema and the licence, and no code', () => {
  const names = execFileSync('tar', ['-tzf', typesArchive], { cwd: release, encoding: 'utf8' }).trim().split('\n')
  expect(names.map(name => name.replace('package/', '')).sort()).toEqual([
    'LICENSE',
    'README.md',
    'index.d.ts',
    'package.json',
    'schema.json',
  ])
})

it("Krew's manifest names the plugin's archive where the release will be, by the hash that SHA256SUMS has", () => {
  const manifest: unknown = parse(readFileSync(join(release, 'receiverhook.yaml'), 'utf8'))
  const platforms: unknown = at(manifest, 'spec', 'platforms')
  const all: readonly unknown[] = Array.isArray(platforms) ? platforms : []
  const sums = readFileSync(join(release, 'SHA256SUMS'), 'utf8')
  expect(all.length).toBeGreaterThan(0)
  for (const platform of all) {
    expect(stringAt(platform, 'uri')).toBe(`https://downloads.example.com/v/${pluginArchive}`)
    expect(sums).toContain(`${stringAt(platform, 'sha256')}  ${pluginArchive}\n`)
  }
})
