import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { parseDocument, stringify } from 'yaml'
import { version } from '../../src/version.ts'
import { gzipped, tar } from '../image/archive.ts'
import { file, type FileEntry } from '../image/entry.ts'
import { listedChanges } from './changes.ts'

/** Returns the files of a folder, as entries under another name. */
const entriesOf = async (folder: string, under: string): Promise<readonly FileEntry[]> => {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = found.filter(entry => entry.isFile()).map(entry => relative(folder, join(entry.parentPath, entry.name)))
  return await Promise.all(paths.map(async path => file(join(under, path), await readFile(join(folder, path)))))
}

/** Returns the files of a bundle whose names match, as one archive. */
export const bundleArchive = async (folder: string, names: RegExp, time: Date): Promise<Buffer> => {
  const entries = await entriesOf(folder, '.')
  return await gzipped(
    await tar(
      entries.filter(({ path }) => names.test(path)),
      time,
    ),
  )
}

/** Returns an image layout as one file, as `podman load`, `skopeo copy oci-archive:` and `crane push` take it. */
export const imageArchive = async (layout: string, time: Date): Promise<Buffer> =>
  await tar(await entriesOf(layout, '.'), time)

/** The image of a release. */
export interface ReleasedImage {
  /** The host and the path below which it is published. Empty if the users publish it themselves. */
  readonly registry: string
  readonly digest: string
}

/** Returns a manifest that asks for the image where it was published. Throws where the manifest runs no image of the product. */
export const manifestFrom = (text: string, { digest, registry }: ReleasedImage): string => {
  const [own, published] = [
    `image: receiver-hooks:${version}\n`,
    `image: ${registry}/receiver-hooks:${version}@${digest}\n`,
  ]
  if (!text.includes(own)) throw new Error(`the manifest has no image receiver-hooks:${version}`)
  return registry === '' ? text : text.replaceAll(own, published)
}

/**
 * Returns the chart as Helm packs it, but with fixed times, so that its digest can be reproduced. It asks for the image where
 * it was published, by its tag and its digest. It says for Artifact Hub what has changed: `changes` is a section of the
 * changelog.
 */
export const chartArchive = async (
  folder: string,
  { digest, registry }: ReleasedImage,
  changes: string,
  time: Date,
): Promise<Buffer> => {
  const entries = await entriesOf(folder, 'receiver-hooks')
  const isPrerelease = String(version.includes('-'))
  const made: Readonly<Record<string, (text: string) => string>> = {
    'receiver-hooks/values.yaml': text =>
      replaced(
        replaced(text, '  digest: ""\n', `  digest: "${digest}"\n`),
        '  registry: ""\n',
        `  registry: "${registry}"\n`,
      ),
    'receiver-hooks/Chart.yaml': text => {
      const chart = parseDocument(text)
      chart.setIn(['annotations', 'artifacthub.io/changes'], stringify(listedChanges(changes), { lineWidth: 0 }))
      chart.setIn(['annotations', 'artifacthub.io/prerelease'], isPrerelease)
      return chart.toString({ lineWidth: 0 })
    },
  }
  const pinned = entries.map(entry => {
    const remade = made[entry.path]?.(Buffer.from(entry.content).toString())
    return remade === undefined ? entry : file(entry.path, remade)
  })
  return await gzipped(await tar(pinned, time))
}

const replaced = (text: string, old: string, by: string): string => {
  if (text.split(old).length !== 2) throw new Error(`values.yaml has not one line ${old.trim()}`)
  return text.replace(old, by)
}
