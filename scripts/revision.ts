import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The tree of this checkout. */
const here = resolve(import.meta.dirname, '..')

/** An archive of the whole tree takes some 30 MB. */
const maxBuffer = 512 * 1024 * 1024

/** Unpacks a revision into an empty folder, with the packages of this tree. */
export const unpack = (revision: string, folder: string): void => {
  const archive = execFileSync('git', ['archive', revision], { cwd: here, maxBuffer })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
  symlinkSync(join(here, 'node_modules'), join(folder, 'node_modules'))
}
