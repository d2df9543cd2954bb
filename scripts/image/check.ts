import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { mediaTypes, sha256 } from './layout.ts'

/** What a layout holds, once it is known to hold together. */
export interface Checked {
  readonly images: readonly CheckedImage[]
}

/** An image of a layout: its platform, its configuration and its layers, uncompressed. */
export interface CheckedImage {
  readonly architecture: string
  readonly config: unknown
  readonly layers: readonly Buffer[]
}

const inflate = promisify(gunzip)

/**
 * Reads a layout as a registry's client does. Throws where a blob is missing, is another than its digest says, or is needed
 * by nothing, and where a layer is not the one that the configuration lists.
 */
export const checkLayout = async (folder: string): Promise<Checked> => {
  const blobs = join(folder, 'blobs/sha256')
  const seen = new Set<string>()
  const blob = async (descriptor: unknown, mediaType: string): Promise<Buffer> => {
    const digest = stringAt(descriptor, 'digest') ?? ''
    expected(`the type of ${digest}`, at(descriptor, 'mediaType'), mediaType)
    const content = await readFile(join(blobs, digest.replace('sha256:', '')))
    expected('a digest', `sha256:${sha256(content)}`, digest)
    expected(`the size of ${digest}`, content.length, at(descriptor, 'size'))
    seen.add(digest.replace('sha256:', ''))
    return content
  }
  const json = async (descriptor: unknown, mediaType: string): Promise<unknown> =>
    parseJson((await blob(descriptor, mediaType)).toString())

  expected('the layout', parseJson(await readFile(join(folder, 'oci-layout'), 'utf8')), { imageLayoutVersion: '1.0.0' })
  const top = manifestsIn(parseJson(await readFile(join(folder, 'index.json'), 'utf8')))
  expected('the number of names', top.length, 1)
  const images: CheckedImage[] = []
  for (const manifest of manifestsIn(await json(top[0], mediaTypes.index))) {
    const content = await json(manifest, mediaTypes.manifest)
    const config = await json(at(content, 'config'), mediaTypes.config)
    const architecture = stringAt(manifest, 'platform', 'architecture') ?? ''
    expected('the architecture', stringAt(config, 'architecture'), architecture)
    const layers: Buffer[] = []
    for (const layer of listOf(at(content, 'layers'))) layers.push(await inflate(await blob(layer, mediaTypes.layer)))
    expected('the layers', layers.map(diffIdOf), at(config, 'rootfs', 'diff_ids'))
    images.push({ architecture, config, layers })
  }
  expected('the blobs', (await readdir(blobs)).toSorted(), [...seen].toSorted())
  return { images }
}

const manifestsIn = (index: unknown): readonly unknown[] => listOf(at(index, 'manifests'))

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const diffIdOf = (layer: Buffer): string => `sha256:${createHash('sha256').update(layer).digest('hex')}`

const expected = (what: string, found: unknown, wanted: unknown): void => {
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (is !== should) throw new Error(`the layout is broken: ${what} should be ${should}, and is ${is}`)
}
