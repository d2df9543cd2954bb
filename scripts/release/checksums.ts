import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../image/layout.ts'

/** Returns the SHA-256 of every file of a folder, as sha256sum writes and checks them. */
export const checksums = async (folder: string): Promise<string> => {
  const names = (await readdir(folder)).filter(name => name !== 'SHA256SUMS').toSorted()
  const lines = await Promise.all(names.map(async name => `${sha256(await readFile(join(folder, name)))}  ${name}\n`))
  return lines.join('')
}
