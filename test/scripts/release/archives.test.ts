import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { chartArchive, manifestFrom } from '../../../scripts/release/archives.ts'
import { changesOf, listedChanges } from '../../../scripts/release/changes.ts'
import { at, stringAt } from '../../../src/api/json.ts'
import { version } from '../../../src/version.ts'
import { chart, helm } from '../../support/helm.ts'

const digest = `sha256:${'a'.repeat(64)}`
const changelog = `# Changelog

## [Unreleased]

### Added

- One thing, which takes
  two lines.
- Another: \`{{ .Values.x }}\`.

### Security

- A third.

## [0.0.1] - 2026-01-01

### Fixed

- Long ago.
`

/** Returns the archive of the chart as a file, as Helm takes it. */
const archived = async (registry = 'registry.example.com'): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'chart-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'chart.tgz')
  writeFileSync(path, await chartArchive(chart, { registry, digest }, changesOf(changelog, '9.9.9').text, new Date(0)))
  return path
}

it('changes are listed one by one, each by its heading, of the section alone', () => {
  expect(listedChanges(changesOf(changelog, '9.9.9').text)).toEqual([
    { kind: 'added', description: 'One thing, which takes two lines.' },
    { kind: 'added', description: 'Another: `{{ .Values.x }}`.' },
    { kind: 'security', description: 'A third.' },
  ])
  expect(listedChanges(changesOf(changelog, '0.0.1').text)).toEqual([{ kind: 'fixed', description: 'Long ago.' }])
})

it('the archive of a chart passes the strict lint, asks for the image by its digest, and lists the changes', async () => {
  const path = await archived()
  expect(await helm('lint', '--strict', path)).toMatchObject({ code: 0 })
  const shown: unknown = parse((await helm('show', 'chart', path)).stdout)
  const changes: unknown = parse(stringAt(shown, 'annotations', 'artifacthub.io/changes') ?? '')
  expect(changes).toEqual(listedChanges(changesOf(changelog, '9.9.9').text))
  expect(at(shown, 'annotations', 'artifacthub.io/prerelease')).toBe('false')
  expect((await helm('template', 'x', path)).stdout).toContain(`@${digest}`)
})

it('the same chart gives the same bytes', async () => {
  const once = await chartArchive(chart, { registry: '', digest }, changelog, new Date(0))
  expect((await chartArchive(chart, { registry: '', digest }, changelog, new Date(0))).equals(once)).toBe(true)
})

it('the chart and the manifests of a release ask for the image where it was published, by its digest', async () => {
  const image = { registry: 'registry.example.com/team', digest }
  const named = `registry.example.com/team/receiver-hooks:${version}@${digest}`
  expect((await helm('template', 'x', await archived(image.registry))).stdout).toContain(`image: "${named}"\n`)
  const manifest = `        image: receiver-hooks:${version}\n`
  expect(manifestFrom(`${manifest}${manifest}`, image)).toBe(`        image: ${named}\n        image: ${named}\n`)
  expect(() => manifestFrom('kind: Pod\n', image)).toThrow('no image')
})

it('without a registry, the manifests name the image that somebody imports on the nodes', () => {
  const manifest = `        image: receiver-hooks:${version}\n`
  expect(manifestFrom(manifest, { registry: '', digest })).toBe(manifest)
})
