/**
 * Makes every artefact of a release in dist/release, and publishes nothing. Only the parts of the image need a network. The same
 * commit gives the same files; --repository says where the project is. Without --dry-run the changelog must have a section of
 * this version, and --tag, the tag that is released, must be of it.
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
import { bundleArchive, chartArchive, imageArchive, manifestFrom } from './release/archives.ts'
import { chartLayout } from './release/chart-layout.ts'
import { changesOf } from './release/changes.ts'
import { checksums } from './release/checksums.ts'
import { addPackages, downloadsOf } from './release/packages.ts'
import { placeholdersLeft, project } from './release/project.ts'
import { imageSbom } from './sbom.ts'
import { version } from '../src/version.ts'

const run = promisify(execFile)
const { values } = parseArgs({
  options: {
    // Only says what is still a placeholder.
    check: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
    // npm compares it with the place that the package was published from.
    repository: { type: 'string', default: project.repository },
    // Where the files of this release will be; Krew downloads the plugin from there.
    downloads: { type: 'string' },
    // Where the image will be; without it, the manifests name the image that somebody imports on the nodes.
    registry: { type: 'string', default: '' },
    tag: { type: 'string', default: `v${version}` },
  },
})
const folder = 'dist/release'
const say = (line: string): void => console.log(line)
const write = (name: string, content: string | Uint8Array): Promise<void> => writeFile(join(folder, name), content)

if (values.check) {
  const left = placeholdersLeft()
  for (const line of left) say(line)
  say(
    left.length === 0
      ? 'nothing is a placeholder'
      : 'these are placeholders: set them in scripts/release/project.ts, and run "npm run generate"',
  )
  process.exit(left.length === 0 ? 0 : 1)
}
if (values.tag !== `v${version}`) {
  say(
    `the tag ${values.tag} is not of version ${version}: set the version in package.json and src/version.ts, or move the tag`,
  )
  process.exit(1)
}
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
const released = { registry: values.registry, digest: image.digest }
await write('install.yaml', manifestFrom(await rendered('deploy/kustomize/base'), released))
await write('crds.yaml', await rendered('crds'))
await write('cluster.yaml', await rendered('deploy/kustomize/cluster'))
for (const overlay of ['single', 'ha', 'namespaced']) {
  await write(`install-${overlay}.yaml`, manifestFrom(await rendered(`deploy/kustomize/overlays/${overlay}`), released))
}

// 4. The chart.
const helm = await provide(helmPart, 'helm', process.env, say)
await run(helm, ['lint', '--strict', 'deploy/helm/receiver-hooks'])
const chart = await chartArchive('deploy/helm/receiver-hooks', released, changes.text, time)
await write(`receiver-hooks-chart-${version}.tgz`, chart)
const stored = await chartLayout(chart, time)
await write(`receiver-hooks-chart-${version}-oci.tar`, stored.archive)
say(`chart ${stored.digest}`)

// 5. The npm packages, and kubectl's plugin with its manifest for Krew.
const { repository } = values
await addPackages(folder, 'dist/package', repository, values.downloads ?? downloadsOf(repository, version))

// 6. What all of it hashes to.
await write('SHA256SUMS', await checksums(folder))
say(await readFile(join(folder, 'SHA256SUMS'), 'utf8'))
