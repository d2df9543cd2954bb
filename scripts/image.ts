/**
 * Makes the image for amd64 and arm64, with no container engine: `dist/image` becomes an OCI image layout, which crane,
 * skopeo, podman and a registry take. The same commit and lock give the same digest, on any machine.
 * With --rootfs FOLDER it writes the file systems there instead, for the Containerfile.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { version } from '../src/version.ts'
import { storeRoot } from './cluster/store.ts'
import { checkLayout } from './image/check.ts'
import { makeImage } from './image/image.ts'
import { revision } from './image/revision.ts'
import { writeRootfs } from './image/rootfs.ts'

const { values } = parseArgs({
  options: {
    output: { type: 'string', default: 'dist/image' },
    rootfs: { type: 'string' },
    /** Compresses every layer again, instead of taking what a former run has kept. */
    fresh: { type: 'boolean', default: false },
  },
})
const store = join(storeRoot(process.env), 'image')

if (values.rootfs === undefined) {
  const { commit, time } = await revision(process.env)
  const made = await makeImage({
    folder: values.output,
    version,
    created: time,
    revision: commit,
    downloads: store,
    ...(!values.fresh && { compressed: store }),
  })
  await checkLayout(values.output)
  for (const { architecture, descriptor, name } of made.layers) {
    console.log(
      `${architecture} ${name.padEnd(7)} ${(descriptor.size / 1e6).toFixed(1).padStart(5)} MB  ${descriptor.digest}`,
    )
  }
  console.log(`receiver-hooks:${version}@${made.digest} in ${values.output}`)
} else {
  await writeRootfs(values.rootfs, store)
  console.log(`wrote ${values.rootfs}: build the image with "podman build --platform linux/amd64,linux/arm64 ."`)
}
