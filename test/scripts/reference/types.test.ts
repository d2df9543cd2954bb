import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { typesManifest } from '../../../scripts/package/files.ts'
import { blockWith } from '../../deploy/manifests.ts'

/** Returns what the compiler says of a program that uses the package of types. It is empty where it says nothing. */
const compiled = async (program: string): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'types-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const installed = join(folder, 'node_modules/receiver-hooks-types')
  mkdirSync(installed, { recursive: true })
  symlinkSync(resolve('deploy/types/index.d.ts'), join(installed, 'index.d.ts'))
  writeFileSync(join(installed, 'package.json'), JSON.stringify(typesManifest('https://git.example.com/hooks')))
  writeFileSync(join(folder, 'consumer.ts'), program)
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--types',
    '',
    '--preserveSymlinks',
  ]
  try {
    return (await promisify(execFile)(resolve('node_modules/.bin/tsc'), [...flags, 'consumer.ts'], { cwd: folder }))
      .stdout
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
  }
}

const head = `import type { ReceiverHook } from 'receiver-hooks-types'
const metadata = { name: 'web-up' }
const common = { apiVersion: 'receiverhooks.dev/v1alpha1', kind: 'ReceiverHook', metadata } as const
const scale = { target: { name: 'web' }, action: 'up', max: 10 } as const
`

it('the program of the README compiles', async () => {
  expect(await compiled(blockWith('deploy/types/README.md', 'ts', 'web-up'))).toBe('')
})

it('a program reads a status, leaves out what has a default, and gives metadata the type of its client', async () => {
  const program = `${head}
export const hook: ReceiverHook = { ...common, spec: { driver: 'scale', scale, cooldown: '30s', token: { rotation: 1 } } }
export const url = (read: ReceiverHook): string | undefined => read.status?.triggerURL
interface Metadata { name?: string; creationTimestamp?: Date }
export const made = (read: ReceiverHook<Metadata>): number | undefined => read.metadata.creationTimestamp?.getTime()
`
  expect(await compiled(program)).toBe('')
})

it.each([
  ['a member that no hook has', "{ driver: 'scale', scale, cooldwon: '30s' }", 'cooldwon'],
  ['a driver that is not there', "{ driver: 'nothing', scale }", 'nothing'],
  ['a driver without its member', "{ driver: 'scale' }", 'scale'],
  ['the member of another driver', "{ driver: 'scale', scale, restart: {} }", 'restart'],
  ['a number where a duration stands', "{ driver: 'scale', scale, cooldown: 30 }", 'number'],
])('the compiler refuses %s', async (_, spec, named) => {
  const said = await compiled(`${head}export const hook: ReceiverHook = { ...common, spec: ${spec} }\n`)
  expect(said).toMatch(/^consumer\.ts\(\d+,\d+\): error TS/)
  expect(said).toContain(named)
})
