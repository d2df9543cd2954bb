import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { complete, type Entry } from './entry.ts'
import { architectures } from './lock.ts'
import { programLayer } from './program.ts'
import { runtimeLayer } from './runtime.ts'

/** Writes the image's file system of each architecture into a folder of its own, for the Containerfile. */
export const writeRootfs = async (folder: string, downloads: string): Promise<void> => {
  const program = await programLayer()
  await rm(folder, { recursive: true, force: true })
  for (const architecture of architectures) {
    const entries = [...(await runtimeLayer(architecture, downloads)), ...program]
    await writeEntries(entries, join(folder, architecture))
  }
}

/** Writes entries as files. */
const writeEntries = async (entries: readonly Entry[], folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true })
  for (const entry of complete(entries)) {
    const path = join(folder, entry.path)
    if (entry.kind === 'folder') await mkdir(path, { recursive: true })
    else if (entry.kind === 'file') await writeFile(path, entry.content)
    else await symlink(entry.target, path)
    if (entry.kind !== 'link') await chmod(path, entry.mode)
  }
}
