import lock from './lock.json' with { type: 'json' }

/** A processor architecture, as images name it. */
export type Architecture = 'amd64' | 'arm64'

export const architectures: readonly Architecture[] = ['amd64', 'arm64']

/** Node's executable, in an npm package. */
export interface NodePackage {
  readonly package: string
  readonly version: string
  /** As npm states it: sha512-BASE64. */
  readonly integrity: string
}

/** A package of Debian's. */
export interface DebianPackage {
  readonly name: string
  readonly version: string
  /** Where a mirror has it: the archive, and the path in that. */
  readonly path: string
  /** Hexadecimal. */
  readonly sha256: string
}

/** Everything that goes into an image of one architecture, besides the program. */
export interface ImageParts {
  readonly node: NodePackage
  readonly debian: readonly DebianPackage[]
}

/** What goes into the image, by version and hash. `npm run image:lock` writes it. */
export interface Lock {
  /** The time of every file in the runtime layer: it changes with the layer's content, not with each commit. */
  readonly date: string
  readonly debian: { readonly codename: string; readonly version: string }
  readonly parts: Readonly<Record<Architecture, ImageParts>>
}

export const imageLock: Lock = lock
