import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { layoutOf } from './images.ts'

const run = promisify(execFile)

/** The image's reference of what was before this commit. */
export const formerReference = 'receiver-hooks:former'

/** Returns where the source of what was before this commit is, its manifests among it. */
export const formerSource = (folder: string): string => join(folder, 'former')

/**
 * Makes the image of what people may have installed before: the last release, or the commit before this one where there
 * is none. Resolves with what removes its source again from git's list of work trees.
 */
export const formerImage = async (folder: string): Promise<() => Promise<void>> => {
  const source = formerSource(folder)
  const tag = await run('git', ['describe', '--tags', '--abbrev=0', '--match', 'v*', 'HEAD^']).catch(() => undefined)
  const former = tag?.stdout.trim() ?? 'HEAD^'
  await run('git', ['worktree', 'add', '--detach', source, former])
  const remove = async (): Promise<void> => {
    await run('git', ['worktree', 'remove', '--force', source])
  }
  if (!existsSync(join(source, 'scripts/image.ts'))) {
    await remove()
    throw new Error(`${former} cannot make an image`)
  }
  await symlink(resolve('node_modules'), join(source, 'node_modules'))
  await run(process.execPath, ['scripts/image.ts', '--output', layoutOf(folder, formerReference)], { cwd: source })
  return remove
}
