import { architectures, type Architecture } from './lock.ts'
import { newLayout, type Descriptor } from './layout.ts'
import { imageLock } from './lock.ts'
import { programLayer } from './program.ts'
import { environment, nodeFlags } from './runs.ts'
import { runtimeLayer, user } from './runtime.ts'

/** A layer of an image that was made, as people see it. */
export interface LayerSize {
  readonly architecture: Architecture
  readonly name: string
  readonly descriptor: Descriptor
}

/** An image that was made. */
export interface Made {
  readonly digest: string
  readonly layers: readonly LayerSize[]
}

export interface Options {
  /** The folder of the layout. A previous one is replaced. */
  readonly folder: string
  /** Names the image in the layout. */
  readonly version: string
  /** The time of the program's files: the commit's, so that the same commit gives the same image. */
  readonly created: Date
  /** The commit. */
  readonly revision: string
  /** Keeps what is downloaded. */
  readonly downloads: string
  /** Keeps compressed layers, by content; without it each one is compressed again. */
  readonly compressed?: string
}

/** Writes the product's image for every architecture as an OCI image layout. */
export const makeImage = async (options: Options): Promise<Made> => {
  const { compressed, created, downloads, folder, revision, version } = options
  const layout = await newLayout(folder, compressed)
  const program = await layout.layer('program', await programLayer(), created)
  const images = []
  for (const architecture of architectures) {
    const runtime = await layout.layer('runtime', await runtimeLayer(architecture, downloads), new Date(imageLock.date))
    images.push({
      architecture,
      layers: [runtime, program],
      runs: {
        user: `${user}:${user}`,
        entrypoint: ['/usr/bin/node', ...nodeFlags, '/app/receiver-hooks.mjs'],
        environment,
      },
    })
  }
  const digest = await layout.finish(images, version, created, annotations(version, revision, created))
  return {
    digest,
    layers: images.flatMap(({ architecture, layers }) =>
      layers.map(({ descriptor, name }) => ({ architecture, name, descriptor })),
    ),
  }
}

const annotations = (version: string, revision: string, created: Date): Readonly<Record<string, string>> => ({
  'org.opencontainers.image.title': 'receiver-hooks',
  'org.opencontainers.image.description':
    'URLs that run one action in a Kubernetes cluster when something POSTs to them',
  'org.opencontainers.image.licenses': 'Apache-2.0',
  'org.opencontainers.image.version': version,
  'org.opencontainers.image.revision': revision,
  'org.opencontainers.image.created': created.toISOString(),
})
