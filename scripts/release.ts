/**
 * Makes every artefact of a release in dist/release. Only the parts of the image need a network. The
 * same commit gives the same files; --downloads says where they will be. Without --dry-run the script
 * ends with the commands that publish what it has made: these need the network and a maintainer's keys.
 */
import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { kubectlPart, helmPart } from './cluster/parts.ts'
import { provide } from './cluster/provide.ts'
import { storeRoot } from './cluster/store.ts'
import { checkLayout } from './image/check.ts'
import { makeImage } from './image/image.ts'
import { architectures } from './image/lock.ts'
import { revision } from './image/revision.ts'
import { bundleArchive, chartArchive, imageArchive } from './release/archives.ts'
import { changesOf } from './release/changes.ts'
import { checksums } from './release/checksums.ts'
import { addPackages, downloadsOf } from './release/packages.ts'
import { publishing } from './release/publishing.ts'
import { imageSbom } from './sbom.ts'
import { version } from '../src/version.ts'

const run = promisify(execFile)
const { values } = parseArgs({
  options: {
    'dry-run': { type: 'boolean', default: false },
    // Where the files of this release will be; Krew downloads the plugin from there.
    downloads: { type: 'string', default: downloadsOf(version) },
  },
})
const folder = 'dist/release'
const say = (line: string): void => console.log(line)
const write = (name: string, content: string | Uint8Array): Promise<void> => writeFile(join(folder, name), content)

const { commit, time } = await revision(process.env)
const changes = changesOf(await readFile('CHANGELOG.md', 'utf8'), version)
if (changes.section !== version) {
  say(`CHANGELOG.md has no section ${version}: the notes are those of what is not released yet`)
  if (!values['dry-run']) process.exit(1)
}
await rm(folder, { recursive: true, force: true })
await mkdir(folder, { recursive: true })
await write('CHANGES.md', changes.text)

// 1. The bundle, its source maps and its notices.
await run(process.execPath, ['scripts/build.ts', 'dist/bundle'])
await write(`receiver-hooks-${version}-source-maps.tar.gz`, await bundleArchive('dist/bundle', /\.map$/, time))
await write('NOTICES.txt', await readFile('dist/bundle/NOTICES.txt'))

// 2. The image, as a layout that any registry takes, and what is in it.
const store = join(storeRoot(process.env), 'image')
const layout = 'dist/image'
const made = { version, created: time, revision: commit, downloads: store, compressed: store }
const image = await makeImage({ ...made, folder: layout })
await checkLayout(layout)
await write(`receiver-hooks-${version}-image.tar`, await imageArchive(layout, time))
for (const architecture of architectures) {
  await write(
    `receiver-hooks-${version}-${architecture}.cdx.json`,
    await imageSbom(architecture, 'dist/bundle/meta.json'),
  )
}
say(`image ${image.digest}`)

// 3. The manifests, as plain YAML.
const kubectl = await provide(kubectlPart, 'kubectl', process.env, say)
const rendered = async (path: string): Promise<string> =>
  (await run(kubectl, ['kustomize', path], { maxBuffer: 1 << 26 })).stdout
await write('install.yaml', await rendered('deploy/kustomize/base'))
await write('crds.yaml', await rendered('crds'))
await write('cluster.yaml', await rendered('deploy/kustomize/cluster'))
for (const overlay of ['single', 'ha', 'namespaced']) {
  await write(`install-${overlay}.yaml`, await rendered(`deploy/kustomize/overlays/${overlay}`))
}

// 4. The chart.
const helm = await provide(helmPart, 'helm', process.env, say)
await run(helm, ['lint', '--strict', 'deploy/helm/receiver-hooks'])
const chart = await chartArchive('deploy/helm/receiver-hooks', image.digest, changes.text, time)
await write(`receiver-hooks-chart-${version}.tgz`, chart)

// 5. The npm package, and kubectl's plugin with its manifest for Krew.
await addPackages(folder, 'dist/package', values.downloads)

// 6. What all of it hashes to.
await write('SHA256SUMS', await checksums(folder))
say(await readFile(join(folder, 'SHA256SUMS'), 'utf8'))
if (!values['dry-run']) say(publishing(version, image.digest))
