import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { bundled, httpByRequire } from '../../../scripts/bundling.ts'
import { file } from '../../../scripts/image/entry.ts'
import { newLayout, type Layer, type Layout } from '../../../scripts/image/layout.ts'
import { monitoringImages } from '../../../scripts/cluster/parts.ts'
import { runtimeLayer, user } from '../../../scripts/image/runtime.ts'
import { registryAddress } from './address.ts'
import { pauseImage, quay } from './containerd.ts'

const run = promisify(execFile)
const created = new Date('2026-01-01')

/** Returns an image for this machine alone, of layers that `make` adds. */
const imageOf = async (
  folder: string,
  make: (layout: Layout) => Promise<{ readonly layers: readonly Layer[]; readonly entrypoint: readonly string[] }>,
): Promise<void> => {
  const layout = await newLayout(folder)
  const { entrypoint, layers } = await make(layout)
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const runs = { user: `${user}:${user}`, entrypoint, environment: [] }
  await layout.finish([{ architecture, layers, runs }], 'test', created, {})
}

/** Returns an image with one program that needs nothing else. */
const programImage = (folder: string, reference: string, path: string, program: string): Promise<void> =>
  imageOf(layoutOf(folder, reference), async layout => ({
    layers: [await layout.layer(path, [file(path, await readFile(program), 0o755)], created)],
    entrypoint: [`/${path}`],
  }))

/**
 * Makes the images that tests use in addition to the product's, in `folder`/images, each under its reference. Prometheus and
 * Alertmanager are those that this project builds, under the names of what their projects publish of the same version.
 */
export const makeTestImages = async (
  folder: string,
  programs: Readonly<Record<string, string>>,
  downloads: string,
): Promise<void> => {
  await programImage(folder, pauseImage, 'pause', programs['pause'] ?? '')
  for (const [name, reference] of Object.entries(monitoringImages())) {
    await programImage(folder, reference, `bin/${name}`, programs[name] ?? '')
  }
  const express = await bundledExpress()
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const runtime = await runtimeLayer(architecture, downloads)
  for (const [reference, args] of Object.entries(nodeImages)) {
    await imageOf(layoutOf(folder, reference), async layout => ({
      layers: [
        await layout.layer('runtime', runtime, created),
        await layout.layer('program', [file('app/express.mjs', express)], created),
      ],
      entrypoint: ['/usr/bin/node', ...args],
    }))
  }
}

const program = ['/app/express.mjs']

/** What Node runs in an image: the program, or what goes wrong in a version of it. */
const nodeImages: Readonly<Record<string, readonly string[]>> = {
  'express:1': program,
  'acme:1.0.0': program,
  'acme:1.0.1-never-ready': ['--eval', 'setInterval(() => undefined, 1000)'],
  'acme:1.0.2-crashes': ['--eval', 'process.exit(1)'],
  'acme:1.0.4': program,
}

/** Returns the least that an express program can be, bundled as the product is. */
const bundledExpress = async (): Promise<Uint8Array> => {
  const { outputFiles } = await build({
    ...bundled(),
    entryPoints: [join(import.meta.dirname, '../programs/express.ts')],
    plugins: [httpByRequire],
    write: false,
    outdir: 'out',
  })
  const [output] = outputFiles
  if (output === undefined) throw new Error('nothing was bundled')
  return output.contents
}

/** Returns where the layout of an image is. */
export const layoutOf = (folder: string, reference: string): string =>
  join(folder, 'images', encodeURIComponent(reference))

/** Pushes every layout in `folder`/images to the registry, by the path under which containerd asks for its reference. */
export const pushImages = async (folder: string, crane: string): Promise<void> => {
  for (const name of await readdir(join(folder, 'images'))) {
    const reference = decodeURIComponent(name)
    const ofQuay = reference.startsWith(`${quay}/`)
    const path = ofQuay ? reference.slice(quay.length + 1) : `library/${reference}`
    await run(crane, ['push', '--insecure', join(folder, 'images', name), `${registryAddress}/${path}`])
  }
}
