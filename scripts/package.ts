/**
 * Makes the folders of both npm packages, Krew's archive and Krew's manifest: `package.ts OUT [URI [REPOSITORY]]`. OUT/npm and
 * OUT/types are what `npm pack` takes. URI is where the archive will be. The same source gives the same bytes.
 */
import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { parseJson, stringAt } from '../src/api/json.ts'
import { version } from '../src/version.ts'
import { gzipped, tar } from './image/archive.ts'
import { npmManifest, packageFiles, typesFiles, typesManifest, windowsLauncher } from './package/files.ts'
import { krewManifest } from './package/krew.ts'
import { downloadsOf, pluginArchive as archive } from './release/packages.ts'
import { project } from './release/project.ts'

const [, , out = 'dist/package', given, repository = project.repository] = process.argv
const uri = given ?? `${downloadsOf(repository, version)}/${archive}`

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
const putManifest = (folder: string, manifest: object): Promise<void> =>
  put(join(out, folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
await putManifest('npm', npmManifest(description, repository))
for (const { content, path } of await typesFiles()) await put(join(out, 'types', path), content)
await putManifest('types', typesManifest(repository))

const bytes = await gzipped(await tar([...files, windowsLauncher], new Date(0)))
await put(join(out, archive), bytes)
const sha256 = createHash('sha256').update(bytes).digest('hex')
await put(
  join(out, 'receiverhook.yaml'),
  stringify(krewManifest(uri, sha256), { lineWidth: 0, aliasDuplicateObjects: false }),
)
await rm(bundle, { recursive: true })
console.log(
  `${join(out, 'npm')}, ${join(out, 'types')}, ${join(out, archive)} (${sha256}), ${join(out, 'receiverhook.yaml')}`,
)
