import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipped, tar } from './archive.ts'
import type { Entry } from './entry.ts'
import type { Architecture } from './lock.ts'
import { platforms } from './platform.ts'

/** A descriptor of the OCI image specification: what a blob is, and its hash. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: object
  readonly annotations?: Readonly<Record<string, string>>
}

/** One layer, compressed. */
export interface Layer {
  readonly name: string
  readonly descriptor: Descriptor
  /** The hash of the archive before it was compressed. */
  readonly diffId: string
  readonly created: Date
}

/** What runs in a container that says nothing else. */
export interface Runs {
  readonly user: string
  readonly entrypoint: readonly string[]
  readonly environment: readonly string[]
}

/** An image of one architecture. */
export interface Image {
  readonly architecture: Architecture
  readonly layers: readonly Layer[]
  readonly runs: Runs
}

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const

/** A folder in the OCI image layout (image-layout.md of the specification) that is being written. */
export interface Layout {
  readonly layer: (name: string, entries: readonly Entry[], time: Date) => Promise<Layer>
  /** Writes what joins the layers, and resolves with the digest of the whole. `tag` names it in the layout. */
  readonly finish: (
    images: readonly Image[],
    tag: string,
    created: Date,
    annotations: Readonly<Record<string, string>>,
  ) => Promise<string>
}

/** Begins a layout in a new folder. Where `cache` is a folder, compressed layers are kept there, by content. */
export const newLayout = async (folder: string, cache?: string): Promise<Layout> => {
  const blobs = join(folder, 'blobs/sha256')
  await rm(folder, { recursive: true, force: true })
  await mkdir(blobs, { recursive: true })
  const put = async (mediaType: string, content: Uint8Array): Promise<Descriptor> => {
    const hash = sha256(content)
    await writeFile(join(blobs, hash), content)
    return { mediaType, digest: `sha256:${hash}`, size: content.length }
  }
  const putJson = (mediaType: string, content: object): Promise<Descriptor> =>
    put(mediaType, Buffer.from(JSON.stringify(content)))
  return {
    layer: async (name, entries, created) => {
      const archive = await tar(entries, created)
      const hash = sha256(archive)
      const compressed = await kept(cache, `${hash}.tar.gz`, () => gzipped(archive))
      return { name, created, diffId: `sha256:${hash}`, descriptor: await put(mediaTypes.layer, compressed) }
    },
    finish: async (images, tag, created, annotations) => {
      const manifests: Descriptor[] = []
      for (const image of images) {
        const { platform, text } = configuration(image, created)
        const config = await putJson(mediaTypes.config, text)
        const layers = image.layers.map(({ descriptor }) => descriptor)
        const content = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers, annotations }
        manifests.push({ ...(await putJson(mediaTypes.manifest, content)), platform })
      }
      const list = { schemaVersion: 2, mediaType: mediaTypes.index, manifests, annotations }
      const root = await putJson(mediaTypes.index, list)
      const named = { ...root, annotations: { 'org.opencontainers.image.ref.name': tag } }
      await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
      const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [named] }
      await writeFile(join(folder, 'index.json'), JSON.stringify(index))
      return root.digest
    },
  }
}

const configuration = ({ architecture, layers, runs }: Image, created: Date): { platform: object; text: object } => {
  const { variant } = platforms[architecture]
  const platform = { architecture, os: 'linux', ...(variant !== undefined && { variant }) }
  const text = {
    created: created.toISOString(),
    ...platform,
    config: {
      User: runs.user,
      Env: ['PATH=/usr/bin', ...runs.environment],
      Entrypoint: runs.entrypoint,
      WorkingDir: '/',
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(layer => ({ created: layer.created.toISOString(), comment: layer.name })),
  }
  return { platform, text }
}

export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** Returns a file of a cache, made where it is not there yet: there whole, or not at all. */
const kept = async (cache: string | undefined, name: string, make: () => Promise<Buffer>): Promise<Buffer> => {
  if (cache === undefined) return await make()
  const path = join(cache, name)
  if (existsSync(path)) return await readFile(path)
  const made = await make()
  await mkdir(cache, { recursive: true })
  await writeFile(`${path}.${process.pid}`, made)
  await rename(`${path}.${process.pid}`, path)
  return made
}
