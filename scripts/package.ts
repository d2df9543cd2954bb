/**
 * Makes the npm package's folder, Krew's archive and Krew's manifest from the bundle: `package.ts OUT [URI]`. OUT/npm is what
 * `npm pack` and `npm publish --provenance` take; URI is where the archive will be. The same source gives the same bytes.
 */
import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { parseJson, stringAt } from '../src/api/json.ts'
import { version } from '../src/version.ts'
import { gzipped, tar } from './image/archive.ts'
import { npmManifest, packageFiles } from './package/files.ts'
import { krewManifest } from './package/krew.ts'
import { downloadsOf, pluginArchive as archive } from './release/packages.ts'

const [, , out = 'dist/package', uri = `${downloadsOf(version)}/${archive}`] = process.argv

await rm(out, { recursive: true, force: true })
const bundle = join(out, 'bundle')
execFileSync(process.execPath, ['scripts/build.ts', bundle])
const files = await packageFiles(bundle)

const description = stringAt(parseJson(await readFile('package.json', 'utf8')), 'description') ?? ''
const put = async (path: string, content: string | Uint8Array, mode = 0o644): Promise<void> => {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content, { mode })
}
for (const { content, mode, path } of files) await put(join(out, 'npm', path), content, mode)
await put(join(out, 'npm', 'README.md'), await readFile('README.md'))
await put(join(out, 'npm', 'package.json'), `${JSON.stringify(npmManifest(description), undefined, 2)}\n`)

const bytes = await gzipped(await tar(files, new Date(0)))
await put(join(out, archive), bytes)
const sha256 = createHash('sha256').update(bytes).digest('hex')
await put(
  join(out, 'receiverhook.yaml'),
  stringify(krewManifest(uri, sha256), { lineWidth: 0, aliasDuplicateObjects: false }),
)
await rm(bundle, { recursive: true })
console.log(`${join(out, 'npm')}, ${join(out, archive)} (${sha256}), ${join(out, 'receiverhook.yaml')}`)
