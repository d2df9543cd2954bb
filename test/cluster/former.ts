import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished } from 'vitest'

const here = resolve(import.meta.dirname, '../..')

/** What a build reads. */
const needed = ['src', 'scripts', 'package.json', 'tsconfig.json', 'LICENSE']

/** Archives are some megabytes. */
const maxBuffer = 256 * 1024 * 1024

/**
 * What takes out of this tree what format 1 did not have. No revision that is kept knew that format alone, and held back from a
 * later one.
 */
const newSinceFormat1 = [
  { file: 'src/api/record.ts', text: 'recordFormat = 3', before: 'recordFormat = 1' },
  // Whoever helps says so in the record since format 2.
  { file: 'src/steps/claims.ts', text: ', helped: false }', before: ' }' },
  // A record has pages since format 3.
  { file: 'src/record/pages.ts', text: 'if (memory.rows.length < limits.open)', before: 'if (limits.open > 0)' },
] as const

const unpack = (revision: string, folder: string): void => {
  const archive = execFileSync('git', ['archive', revision, ...needed], { cwd: here, maxBuffer })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
}

const copyWithFormat1 = (folder: string): void => {
  for (const name of needed) cpSync(join(here, name), join(folder, name), { recursive: true })
  for (const { before, file, text } of newSinceFormat1) {
    const parts = readFileSync(join(folder, file), 'utf8').split(text)
    expect(parts, `${file} has "${text}" once`).toHaveLength(2)
    writeFileSync(join(folder, file), parts.join(before))
  }
}

/**
 * Builds a bundle that knows records of format 1 alone, or that of the revision that FORMER names, with the packages of this
 * tree, and keeps it until the test ends. Returns the path of the program, for `program`.
 */
export const formerBundle = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'former-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const revision = process.env['FORMER']
  if (revision === undefined) copyWithFormat1(folder)
  else unpack(revision, folder)
  symlinkSync(join(here, 'node_modules'), join(folder, 'node_modules'))
  execFileSync(process.execPath, ['scripts/build.ts'], { cwd: folder })
  return join(folder, 'dist/receiver-hooks.mjs')
}
