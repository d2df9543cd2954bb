import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { bannerOf } from '../../apiserver/playground/banner.ts'
import { isReplaceable, kubeconfigFor } from '../../apiserver/playground/kubeconfig.ts'
import { startPlayground } from '../support/playground.ts'

const own = kubeconfigFor('http://127.0.0.1:6443')

it.each([
  ['an empty file', ''],
  ['what a playground has written', own],
  ['what a playground has written, in another namespace', own.replace('namespace: shop', 'namespace: other')],
])('a playground replaces %s', (_what, text) => {
  expect(isReplaceable(text)).toBe(true)
})

it.each([
  ['a text', 'my notes'],
  ['what is no YAML', '{'],
  ['a kubeconfig without a cluster', 'kind: Config\n'],
  ['a cluster of the same name elsewhere', own.replace('127.0.0.1', 'playground.example.org')],
  ['one of its own with a user of somebody', own.replace('user: {}', 'user: { token: secret }')],
  ['one of its own with another cluster', own.replace('clusters:\n', 'clusters:\n  - name: prod\n')],
  ['one of its own with another context', own.replace('contexts:\n', 'contexts:\n  - name: prod\n')],
])('a playground does not replace %s', (_what, text) => {
  expect(isReplaceable(text)).toBe(false)
})

it.each([
  ['linux', '/tmp/my files/config', "export KUBECONFIG='/tmp/my files/config'"],
  ['win32', "C:\\o'neil\\config", "$env:KUBECONFIG = 'C:\\o''neil\\config'"],
] as const)('a path that needs quotes has them in the command for %s', (platform, kubeconfig, command) => {
  const addresses = { link: '', server: '', metrics: '', cli: 'receiver-hooks' }
  expect(bannerOf({ ...addresses, platform, kubeconfig })).toContain(`    ${command}\n`)
})

it('a playground keeps a file that is not its own, and says so before it starts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'playground-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'config')
  writeFileSync(file, 'my notes')
  await expect(startPlayground(file)).rejects.toThrow(`${file} is not a playground's kubeconfig, so it is kept`)
  expect(readFileSync(file, 'utf8')).toBe('my notes')
})

it('a playground replaces the kubeconfig of an earlier one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'playground-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'config')
  writeFileSync(file, kubeconfigFor('http://127.0.0.1:1'))
  const { printed } = await startPlayground(file)
  const [, server = ''] = /API server: (\S+)/.exec(printed()) ?? []
  expect(readFileSync(file, 'utf8')).toBe(kubeconfigFor(server))
})
