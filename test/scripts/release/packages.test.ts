import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { addPackages, pluginArchive } from '../../../scripts/release/packages.ts'
import { checksums } from '../../../scripts/release/checksums.ts'
import { at, parseJson, stringAt } from '../../../src/api/json.ts'
import { version } from '../../../src/version.ts'

const work = mkdtempSync(join(tmpdir(), 'release-'))
const folder = join(work, 'release')
const npmArchive = `receiver-hooks-${version}.tgz`

beforeAll(async () => {
  mkdirSync(folder)
  await addPackages(folder, join(work, 'package'), 'https://downloads.example.com/v')
}, 120_000)
afterAll(() => rmSync(work, { recursive: true, force: true }))

it("a release has the npm package, kubectl's plugin and Krew's manifest, and sha256sum finds all as listed", async () => {
  expect(readdirSync(folder).sort()).toEqual([pluginArchive, npmArchive, 'receiverhook.yaml'])
  writeFileSync(join(folder, 'SHA256SUMS'), await checksums(folder))
  const checked = execFileSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: folder, encoding: 'utf8' })
  expect(checked.trim().split('\n').sort()).toEqual([
    `${pluginArchive}: OK`,
    `${npmArchive}: OK`,
    'receiverhook.yaml: OK',
  ])
})

it('the npm package is the one without dependencies that npm run package makes, not the private root', () => {
  const out = (...args: string[]): string => execFileSync('tar', args, { cwd: folder, encoding: 'utf8' })
  const manifest = parseJson(out('-xzOf', npmArchive, 'package/package.json'))
  expect(at(manifest, 'private')).toBeUndefined()
  expect(at(manifest, 'dependencies')).toBeUndefined()
  const names = out('-tzf', npmArchive).trim().split('\n')
  expect(names).toEqual(expect.arrayContaining(['package/dist/receiver-hooks.mjs', 'package/dist/NOTICES.txt']))
  expect(names.filter(name => /^package\/(src|test|scripts|docs)\//.test(name))).toEqual([])
})

it("Krew's manifest names the plugin's archive where the release will be, by the hash that SHA256SUMS has", () => {
  const manifest: unknown = parse(readFileSync(join(folder, 'receiverhook.yaml'), 'utf8'))
  const platforms: unknown = at(manifest, 'spec', 'platforms')
  const all: readonly unknown[] = Array.isArray(platforms) ? platforms : []
  const sums = readFileSync(join(folder, 'SHA256SUMS'), 'utf8')
  expect(all.length).toBeGreaterThan(0)
  for (const platform of all) {
    expect(stringAt(platform, 'uri')).toBe(`https://downloads.example.com/v/${pluginArchive}`)
    expect(sums).toContain(`${stringAt(platform, 'sha256')}  ${pluginArchive}\n`)
  }
})
