import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'

const here = resolve(import.meta.dirname, '../..')

/** What a build reads. */
const needed = ['src', 'scripts', 'package.json', 'tsconfig.json', 'LICENSE']

/** Archives are some megabytes. */
const maxBuffer = 256 * 1024 * 1024

/**
 * Builds the bundle of an earlier revision, with the packages of this tree, and keeps it until the test ends. Resolves with the
 * path of the program, for `program`.
 */
export const formerBundle = (revision: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'former-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const archive = execFileSync('git', ['archive', revision, ...needed], { cwd: here, maxBuffer })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
  symlinkSync(join(here, 'node_modules'), join(folder, 'node_modules'))
  execFileSync(process.execPath, ['scripts/build.ts'], { cwd: folder })
  return join(folder, 'dist/receiver-hooks.mjs')
}
