import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { buildPlugin, type Plugin } from '../support/plugin.ts'
import { cluster } from '../support/product.ts'

let plugin: Plugin
beforeAll(async () => void (plugin = await buildPlugin()))
afterAll(() => plugin.remove())

const named = <T extends object>(kind: string, values: Readonly<Record<string, T>>) =>
  Object.entries(values).map(([name, value]) => ({ name, [kind]: value }))

interface KubeconfigParts {
  readonly clusters?: Readonly<Record<string, object>>
  readonly users?: Readonly<Record<string, object>>
  readonly contexts?: Readonly<Record<string, object>>
  readonly current?: string
}

/** Hooks in a namespace of this API server, and what writes kubeconfigs of parts into a folder of the test. */
const setUp = async () => {
  const { ca, server, tokens } = inject('cluster')
  const here = await cluster()
  await here.createHook('web-up', {})
  const folder = await mkdtemp(join(tmpdir(), 'access-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const direct = { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') }
  return {
    direct,
    folder,
    token: tokens.admin,
    /** The same API server under a name that nobody resolves but a proxy. */
    distant: {
      ...direct,
      server: server.replace('127.0.0.1', 'api.cluster.test'),
      'tls-server-name': 'kubernetes.default.svc',
    },
    context: { cluster: 'here', user: 'me', namespace: here.namespace },
    write: async (
      name: string,
      { clusters = {}, contexts = {}, current, users = {} }: KubeconfigParts,
    ): Promise<string> => {
      const file = join(folder, name)
      const config = {
        ...{ apiVersion: 'v1', kind: 'Config', clusters: named('cluster', clusters) },
        ...{ users: named('user', users), contexts: named('context', contexts) },
        ...(current === undefined ? {} : { 'current-context': current }),
      }
      await writeFile(file, stringify(config))
      return file
    },
  }
}

const hookIs = { code: 0, stderr: '', stdout: 'receiverhook.receiverhooks.dev/web-up\n' }
const names = ['get', '-o', 'name']

it('reads several kubeconfigs as kubectl does: the first that names a thing counts, one that is missing does not', async () => {
  const { context, direct, folder, token, write } = await setUp()
  const first = await write('first', { users: { me: { token } }, contexts: { mine: context }, current: 'mine' })
  const second = await write('second', {
    clusters: { here: direct },
    users: { me: { token: 'of nobody' } },
    current: 'another',
  })
  expect(await plugin.run([first, join(folder, 'missing'), second].join(':'), names)).toEqual(hookIs)
  const turned = await plugin.run([second, first].join(':'), [...names, '--context', 'mine'])
  expect(turned).toMatchObject({ code: 1, stdout: '' })
  expect(turned.stderr).not.toContain('of nobody')
})

describe('a plugin that signs in', () => {
  /** Returns a kubeconfig whose user this script decides. */
  const signedInBy = async (script: string) => {
    const { context, direct, folder, write, ...rest } = await setUp()
    const program = join(folder, 'sign-in')
    await writeFile(program, `#!/bin/sh\n${script}\n`)
    await chmod(program, 0o755)
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: program, interactiveMode: 'Never' }
    const users = { me: { exec } }
    return {
      ...rest,
      file: await write('config', { clusters: { here: direct }, users, contexts: { mine: context }, current: 'mine' }),
    }
  }
  const credential = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}'

  it('is asked for the token', async () => {
    const { file } = await signedInBy(`printf '${credential}' ${inject('cluster').tokens.admin}`)
    expect(await plugin.run(file, names)).toEqual(hookIs)
  })

  it('and whose rights are missing is named by what it signs in as', async () => {
    const { file } = await signedInBy(`printf '${credential}' ${inject('cluster').tokens.alice}`)
    const { code, stderr } = await plugin.run(file, names)
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/^alice may not/) as unknown })
  })

  it('that fails is said to have failed, with no stack', async () => {
    const { file } = await signedInBy('echo "no such account" >&2; exit 7')
    const { code, stderr } = await plugin.run(file, names)
    expect(code).toBe(1)
    expect(stderr).toContain(file)
    expect(stderr).not.toMatch(/\n\s+at /)
  })
})

describe('a proxy', () => {
  /** Returns a proxy that connects to this machine for every host, and the hosts that it was asked for. */
  const proxy = async () => {
    const asked: string[] = []
    const server = createServer().on('connect', (request, socket, head) => {
      asked.push(request.url ?? '')
      const onward = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        onward.write(head)
        onward.pipe(socket).pipe(onward)
      })
      for (const side of [socket, onward]) side.on('error', () => side.destroy())
    })
    server.listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return { asked, url: `http://127.0.0.1:${address.port}` }
  }
  const hostOf = ({ server }: { readonly server: string }): string => new URL(server).host

  it.each(['HTTPS_PROXY', 'https_proxy'])('that %s names is gone through', async variable => {
    const { context, distant, token, write } = await setUp()
    const { asked, url } = await proxy()
    const parts = {
      clusters: { here: distant },
      users: { me: { token } },
      contexts: { mine: context },
      current: 'mine',
    }
    const file = await write('config', parts)
    expect(await plugin.run(file, names, { env: { [variable]: url } })).toEqual(hookIs)
    expect(asked).toEqual([hostOf(distant)])
    expect(await plugin.run(file, names)).toMatchObject({ code: 3 })
  })

  it('is not gone through to what NO_PROXY names, and not to this machine', async () => {
    const { context, direct, distant, token, write } = await setUp()
    const { asked, url } = await proxy()
    const parts = { users: { me: { token } }, contexts: { mine: context }, current: 'mine' }
    const near = await write('near', { ...parts, clusters: { here: direct } })
    expect(await plugin.run(near, names, { env: { HTTPS_PROXY: url } })).toEqual(hookIs)
    const far = await write('far', { ...parts, clusters: { here: distant } })
    const env = { HTTPS_PROXY: url, NO_PROXY: '.cluster.test' }
    expect(await plugin.run(far, names, { env })).toMatchObject({ code: 3 })
    expect(asked).toEqual([])
  })

  it('that the kubeconfig names is gone through', async () => {
    const { context, distant, token, write } = await setUp()
    const { asked, url } = await proxy()
    const parts = { users: { me: { token } }, contexts: { mine: context }, current: 'mine' }
    const file = await write('config', { ...parts, clusters: { here: { ...distant, 'proxy-url': url } } })
    expect(await plugin.run(file, names)).toEqual(hookIs)
    expect(asked).toEqual([hostOf(distant)])
  })
})
