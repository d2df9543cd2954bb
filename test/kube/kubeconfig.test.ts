import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { stringAt } from '../../src/api/json.ts'
import { loadAccess } from '../../src/kube/access.ts'
import { chosenIn, plainAccess, readKubeconfigs } from '../../src/kube/kubeconfig.ts'

/** Returns a file with this text. */
const fileOf = async (text: string): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const file = join(directory, 'config')
  await writeFile(file, text)
  return file
}

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
  const file = await fileOf(stringify(config))
  const plain = await loadAccess({ kubeconfig: file, env: {} })
  const library = new KubeConfig()
  library.loadFromFile(file)
  const options: Record<string, unknown> = {}
  await library.applyToHTTPSOptions(options)
  expect(plainAccess(chosenIn(await readKubeconfigs([file]), {}))).toBeDefined()
  expect(plain.server).toBe(library.getCurrentCluster()?.server)
  expect(plain.namespace ?? '').toBe(library.getContextObject('one')?.namespace ?? '')
  const { ca, cert, key, insecure, servername } = plain.tls ?? {}
  const { rejectUnauthorized } = options
  expect({ ca, cert, key, servername, insecure: insecure === true }).toEqual({
    ca: options['ca'],
    cert: options['cert'],
    key: options['key'],
    servername: options['servername'],
    insecure: rejectUnauthorized === false,
  })
  expect(await plain.authorization?.()).toBe(stringAt(options, 'headers', 'Authorization'))
})

test.each<[string, ReturnType<typeof configOf>]>([
  ['a plugin', configOf({ user: { exec: { command: 'aws' } } })],
  ['an identity provider', configOf({ user: { 'auth-provider': { name: 'oidc' } } })],
  ['a token in another file', configOf({ user: { tokenFile: 'token' } })],
  ['a CA in another file', configOf({ cluster: { 'certificate-authority': 'ca.crt' } })],
  ['impersonation', configOf({ user: { as: 'somebody' } })],
  ['a proxy', configOf({ cluster: { 'proxy-url': 'http://proxy.example' } })],
  ['no server', configOf({ cluster: { server: '' } })],
  ['a server that is no address', configOf({ cluster: { server: 'localhost:8080' } })],
  ['a token that is a number', configOf({ user: { token: 12345 } })],
  ['a text where yes or no is meant', configOf({ cluster: { 'insecure-skip-tls-verify': 'true' } })],
])('a kubeconfig with %s is left to the client library', async (_what, config) => {
  expect(plainAccess(chosenIn(await readKubeconfigs([await fileOf(stringify(config))]), {}))).toBeUndefined()
})

test.each<[string, unknown, string]>([
  [
    'a context that is not there',
    configOf({ top: { 'current-context': 'two' } }),
    'there is no context "two"; there is: one',
  ],
  ['no user', configOf({ top: { users: [] } }), 'there is no user "u"; there is: there is none'],
  [
    'no context',
    configOf({ top: { 'current-context': '' } }),
    'there is no current context; name one with --context: one',
  ],
  ['nothing in it', null, 'there is no current context; name one with --context: there is none'],
])('a kubeconfig with %s is refused, with what there is', async (_what, config, message) => {
  const file = await fileOf(stringify(config))
  const read = await readKubeconfigs([file])
  expect(() => chosenIn(read, {})).toThrow(`kubeconfig ${file}: ${message}`)
})

test('of two entries of one name the first counts, as for kubectl', async () => {
  const users = ['a', 'b'].map(token => ({ name: 'u', user: { token } }))
  const access = await loadAccess({ kubeconfig: await fileOf(stringify(configOf({ top: { users } }))), env: {} })
  expect(await access.authorization?.()).toBe('Bearer a')
})

test('files are joined: the first that names an entry or a current context counts, and one that is missing is passed over', async () => {
  const first = await fileOf(stringify(configOf({ top: { users: [], contexts: [] } })))
  const second = await fileOf(
    stringify(configOf({ cluster: { server: 'https://two.example' }, top: { 'current-context': 'two' } })),
  )
  const access = await loadAccess({ env: { KUBECONFIG: [first, '/nowhere', second].join(delimiter) } })
  expect(access.server).toBe('https://one.example:6443/behind')
})

test('another context than the current one can be chosen', async () => {
  const contexts = ['one', 'two'].map(name => ({ name, context: { cluster: 'c', user: 'u', namespace: `of-${name}` } }))
  const kubeconfig = await fileOf(stringify(configOf({ top: { contexts } })))
  expect((await loadAccess({ kubeconfig, context: 'two', env: {} })).namespace).toBe('of-two')
})

test.each([
  ['a tag that nobody knows', 'token: !vault s3cr3t'],
  ['an indentation that is wrong', 'token: s3cr3t\n   wrong: 1'],
])('a kubeconfig with %s is never printed', async (_what, line) => {
  const file = await fileOf(stringify(configOf()).replace(/token: secret/, line))
  const program = `
    const { loadAccess } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/kube/access.ts'))})
    await loadAccess({ kubeconfig: ${JSON.stringify(file)}, env: {} }).catch(error => console.log(error))`
  const { stderr, stdout } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', program], {
    encoding: 'utf8',
  })
  expect(stdout + stderr).not.toContain('s3cr3t')
})

test('a kubeconfig that is empty names no cluster, and is not called broken', async () => {
  const file = await fileOf('')
  await expect(loadAccess({ kubeconfig: file, env: {} })).rejects.toThrow('there is no current context')
})
