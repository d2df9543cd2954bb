import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { parse } from 'yaml'
import { isObject, stringAt } from '../../src/api/json.ts'
import { tar, untar } from '../image/archive.ts'
import { file, type FileEntry } from '../image/entry.ts'
import { mediaTypes, sha256, type Descriptor } from '../image/layout.ts'

/** A chart as a registry keeps it. */
export interface ChartLayout {
  readonly digest: string
  /** An OCI image layout as one file. */
  readonly archive: Buffer
}

/** What Helm calls the parts of a chart in a registry: https://helm.sh/docs/topics/registries/. */
const helmTypes = {
  config: 'application/vnd.cncf.helm.config.v1+json',
  chart: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
} as const

/**
 * Returns the chart of an archive as `helm push` would store it, but with a fixed time, so that its digest can be
 * reproduced.
 */
export const chartLayout = async (chart: Uint8Array, time: Date): Promise<ChartLayout> => {
  const metadata = await metadataOf(chart)
  const blobs: FileEntry[] = []
  const put = (mediaType: string, content: Uint8Array): Descriptor => {
    const hash = sha256(content)
    blobs.push(file(`blobs/sha256/${hash}`, content))
    return { mediaType, digest: `sha256:${hash}`, size: content.length }
  }
  const tag = stringAt(metadata, 'version') ?? ''
  const manifest = put(
    mediaTypes.manifest,
    json({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: put(helmTypes.config, json(metadata)),
      layers: [put(helmTypes.chart, chart)],
      annotations: {
        'org.opencontainers.image.title': stringAt(metadata, 'name') ?? '',
        'org.opencontainers.image.description': stringAt(metadata, 'description') ?? '',
        'org.opencontainers.image.version': tag,
        'org.opencontainers.image.created': time.toISOString(),
      },
    }),
  )
  const named = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': tag } }
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [named] }
  const entries = [file('oci-layout', json({ imageLayoutVersion: '1.0.0' })), file('index.json', json(index)), ...blobs]
  return { digest: manifest.digest, archive: await tar(entries, time) }
}

const json = (content: object): Buffer => Buffer.from(JSON.stringify(content))

/** Returns the Chart.yaml of an archive. Throws where there is none. */
const metadataOf = async (chart: Uint8Array): Promise<object> => {
  const found = (await untar(await promisify(gunzip)(chart))).find(({ header }) =>
    /^[^/]+\/Chart\.yaml$/.test(header.name),
  )
  const metadata: unknown = parse(found?.content.toString() ?? '')
  if (!isObject(metadata)) throw new Error('the archive has no Chart.yaml')
  return metadata
}
