import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'

const here = resolve(import.meta.dirname, '../..')

/** What a build reads. */
const needed = ['src', 'cli', 'dashboard', 'apiserver', 'deploy', 'scripts', 'package.json', 'tsconfig.json', 'LICENSE']

/** Archives are some megabytes. */
const maxBuffer = 256 * 1024 * 1024

const unpack = (revision: string, folder: string): void => {
  const top = execFileSync('git', ['ls-tree', '--name-only', revision], { cwd: here, encoding: 'utf8' }).split('\n')
  // What is at the top now was in src before.
  const there = needed.filter(name => top.includes(name))
  const archive = execFileSync('git', ['archive', revision, ...there], { cwd: here, maxBuffer })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
}

/** Returns the last release: none in a tree without tags. */
const lastRelease = (): string | undefined => {
  const tags = execFileSync('git', ['tag', '--list', 'v*', '--sort=-version:refname'], { cwd: here, encoding: 'utf8' })
  return tags.split('\n').find(tag => tag !== '')
}

/**
 * Builds the bundle of the revision that FORMER names, or else of the last release, or else of this
 * tree. It uses the packages of this tree, and keeps the bundle until the test ends. Returns the
 * path of the program, for `program`.
 */
export const formerBundle = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'former-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const revision = process.env['FORMER'] ?? lastRelease()
  if (revision !== undefined) unpack(revision, folder)
  else for (const name of needed) cpSync(join(here, name), join(folder, name), { recursive: true })
  symlinkSync(join(here, 'node_modules'), join(folder, 'node_modules'))
  execFileSync(process.execPath, ['scripts/build.ts'], { cwd: folder })
  return join(folder, 'dist/receiver-hooks.mjs')
}
