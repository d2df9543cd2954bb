import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { loadAccess } from '../../src/kube/access.ts'
import { plainAccess } from '../../src/kube/kubeconfig.ts'

const data = (text: string): string => Buffer.from(text).toString('base64')

const configOf = (change: { cluster?: object; user?: object; context?: object; top?: object } = {}) => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'one',
  clusters: [{ name: 'c', cluster: { server: 'https://one.example:6443/behind', ...change.cluster } }],
  users: [{ name: 'u', user: { token: 'secret', ...change.user } }],
  contexts: [{ name: 'one', context: { cluster: 'c', user: 'u', ...change.context } }],
  ...change.top,
})

const certificate = { token: '', 'client-certificate-data': data('CERT'), 'client-key-data': data('KEY') }

test.each<[string, ReturnType<typeof configOf>]>([
  ['a token', configOf({ cluster: { 'certificate-authority-data': data('CA') }, context: { namespace: 'shop' } })],
  ['a certificate', configOf({ user: certificate, cluster: { 'tls-server-name': 'kubernetes', extensions: [] } })],
  ['a server that is not to be checked', configOf({ cluster: { 'insecure-skip-tls-verify': true } })],
  [
    'a namespace and a server name that are empty',
    configOf({ cluster: { 'tls-server-name': '' }, context: { namespace: '' } }),
  ],
  ['a CA that is empty', configOf({ cluster: { 'certificate-authority-data': '' } })],
])('a kubeconfig with %s is read as the client library reads it', async (_what, config) => {
  const directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const [file, second] = [join(directory, 'config'), join(directory, 'second')]
  await writeFile(file, stringify(config))
  await writeFile(second, stringify({ apiVersion: 'v1', kind: 'Config', clusters: [], users: [], contexts: [] }))
  const plain = plainAccess(config)
  // Several files are the library's to merge.
  const byLibrary = await loadAccess({ env: { KUBECONFIG: `${file}:${second}` } })
  const { server, tls, namespace } = byLibrary
  expect(plain).toMatchObject({ server, tls, ...(namespace !== undefined && { namespace }) })
  expect(tls).toMatchObject({ ...plain?.tls })
  expect(await plain?.authorization?.()).toBe(await byLibrary.authorization?.())
})

test.each<[string, unknown]>([
  ['a plugin', configOf({ user: { exec: { command: 'aws' } } })],
  ['an identity provider', configOf({ user: { 'auth-provider': { name: 'oidc' } } })],
  ['a token in another file', configOf({ user: { tokenFile: 'token' } })],
  ['a CA in another file', configOf({ cluster: { 'certificate-authority': 'ca.crt' } })],
  ['impersonation', configOf({ user: { as: 'somebody' } })],
  ['a proxy', configOf({ cluster: { 'proxy-url': 'http://proxy.example' } })],
  ['two entries of one name', configOf({ top: { users: ['a', 'b'].map(token => ({ name: 'u', user: { token } })) } })],
  ['a context that is not there', configOf({ top: { 'current-context': 'two' } })],
  ['no user', configOf({ top: { users: [] } })],
  ['no server', configOf({ cluster: { server: '' } })],
  ['a server that is no address', configOf({ cluster: { server: 'localhost:8080' } })],
  ['a token that is a number', configOf({ user: { token: 12345 } })],
  ['a text where yes or no is meant', configOf({ cluster: { 'insecure-skip-tls-verify': 'true' } })],
  ['nothing in it', null],
])('a kubeconfig with %s is left to the client library', (_what, config) => {
  expect(plainAccess(config)).toBeUndefined()
})

test('another context than the current one can be chosen', () => {
  const contexts = ['one', 'two'].map(name => ({ name, context: { cluster: 'c', user: 'u', namespace: `of-${name}` } }))
  expect(plainAccess(configOf({ top: { contexts } }), 'two')?.namespace).toBe('of-two')
})

test.each([
  ['a tag that nobody knows', 'token: !vault s3cr3t'],
  ['an indentation that is wrong', 'token: s3cr3t\n   wrong: 1'],
])('a kubeconfig with %s is never printed', async (_what, line) => {
  const directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const file = join(directory, 'config')
  await writeFile(file, stringify(configOf()).replace(/token: secret/, line))
  const program = `
    const { loadAccess } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/kube/access.ts'))})
    await loadAccess({ kubeconfig: ${JSON.stringify(file)}, env: {} }).catch(error => console.log(error))`
  const { stderr, stdout } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', program], {
    encoding: 'utf8',
  })
  expect(stdout + stderr).not.toContain('s3cr3t')
})
