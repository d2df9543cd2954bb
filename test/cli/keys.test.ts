import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { serveHttp } from '../../apiserver/http.ts'
import { createApiServer, type ApiServer } from '../../apiserver/server.ts'
import { runProgram } from '../../cli/program.ts'
import { kidsIn } from '../../cli/cluster/system.ts'
import { commands } from '../../src/registry.ts'
import { crds } from '../../src/drivers/registry.ts'
import { connect, nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { configMaps, hooks, secrets } from '../../src/kube/resources.ts'
import {
  formatPublicKeys,
  formatSigningKeys,
  parseSigningKeys,
  seedLength,
  signingKey,
  type SigningKeys,
} from '../../src/token/keys.ts'
import { keySetEntry, publicKeysConfigMap, signingKeysSecret } from '../../src/token/published.ts'
import { shell } from '../support/shell.ts'

const system = 'receiver-hooks'
const [signing, former] = [1, 2].map(byte => signingKey(new Uint8Array(seedLength).fill(byte)))
if (!signing || !former) throw new Error('there are two keys')
const keys: SigningKeys = [signing, former]

interface HookOf {
  readonly kid?: string
  readonly token?: object
  readonly auth?: object
}

/** Creates a hook, and writes the status that a controller would write. */
const createHook = async (api: ApiConnection, name: string, { auth, kid, token }: HookOf): Promise<void> => {
  const spec = { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 3 }, token, auth }
  await create(api, hooks, 'shop', { apiVersion, kind: hookKind, metadata: { name }, spec })
  await send(api, {
    method: 'PATCH',
    path: objectPath(hooks, 'shop', name, 'status'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ status: { minted: kid === undefined ? null : { id: name, kid, rotation: 0 } } }),
  })
}

/** Sets up keys that a controller has published, and a command line. `answer` is typed where something is asked. */
const setUp = async (through: (server: ApiServer) => ApiServer = server => server) => {
  const inMemory = createApiServer({ clock: nodeClock, random: nodeRandom })
  const [server, direct] = await Promise.all([through(inMemory), inMemory].map(each => serveHttp(each, { port: 0 })))
  if (!server || !direct) throw new Error('there are two servers')
  const api = connect({ server: direct.url })
  onTestFinished(async () => {
    await api.close()
    await server.close()
    await direct.close()
  })
  const post = (path: string, object: object) => send(api, { method: 'POST', path, body: JSON.stringify(object) })
  for (const crd of crds) await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
  for (const name of ['shop', system]) await post('/api/v1/namespaces', { metadata: { name } })
  const set = Buffer.from(formatSigningKeys(keys)).toString('base64')
  await create(api, secrets, system, { metadata: { name: signingKeysSecret }, data: { [keySetEntry]: set } })
  const published = { [keySetEntry]: formatPublicKeys(keys) }
  await create(api, configMaps, system, { metadata: { name: publicKeysConfigMap }, data: published })
  const run = async (line: string, answer?: string, stop = new AbortController().signal) => {
    const seen = shell({ isTerminal: answer !== undefined, stop })
    const typed = { ...seen.shell, input: { ...seen.shell.input, line: () => Promise.resolve(answer ?? '') } }
    const running = runProgram(
      { entries: commands, version: '', summary: '' },
      [...line.split(' '), '--server', server.url],
      typed,
    )
    const [failed, exitCode] = await running.then(
      () => [],
      (error: unknown) => [String(error), at(error, 'exitCode')],
    )
    return { failed, exitCode, err: seen.err(), out: seen.out() }
  }
  const stored = async (): Promise<unknown> => (await read(api, secrets, system, signingKeysSecret))?.['data']
  return { api, run, set, stored }
}

const publishedKids = async (api: ApiConnection): Promise<readonly string[]> => {
  const map = await read(api, configMaps, system, publicKeysConfigMap)
  return kidsIn(stringAt(map, 'data', keySetEntry) ?? '')
}

const drop = `keys drop ${former.kid}`

describe('keys', () => {
  let x: Awaited<ReturnType<typeof setUp>>
  beforeEach(async () => {
    x = await setUp()
    await createHook(x.api, 'pasted', { kid: signing.kid })
    await createHook(x.api, 'in-secret', { kid: signing.kid, token: { secretName: 'url' } })
    const auth = { bearer: { secretKeyRef: { name: 'word', key: 'word' } } }
    await createHook(x.api, 'named', { token: { url: 'named' }, auth })
    await createHook(x.api, 'new', {})
  })

  it('list says how many hooks have a URL of each', async () => {
    expect((await x.run('keys list')).out).toBe(
      `${signing.kid}   signs           2 hooks\n${former.kid}   verifies only   0 hooks\n`,
    )
  })

  it('drop lists the hooks whose URL somebody has pasted, and asks', async () => {
    const { err, failed } = await x.run(drop, 'n')
    expect(err).toBe(
      "1 hook doesn't keep its URL in a Secret. Its senders need the new URL, where it was pasted:\n  shop/pasted\nDrop the key? Posts to URLs signed with it then get 404. [y/N] ",
    )
    expect(failed).toContain('the key was not dropped')
    expect(await x.stored()).toEqual({ [keySetEntry]: x.set })
  })

  it('drop refuses without a terminal while a hook still has a URL of the key', async () => {
    await createHook(x.api, 'late', { kid: former.kid })
    const { err, failed } = await x.run(drop)
    expect(err).toContain('1 hook still has a URL of this key:\n  shop/late\n')
    expect(failed).toContain('wait until every hook has a new URL, or add --yes')
    expect(await x.stored()).toEqual({ [keySetEntry]: x.set })
  })

  /** Publishes what the command writes, as a controller does, until the returned function is called. */
  const publishing = ({ api }: typeof x): (() => Promise<void>) => {
    const over = new AbortController()
    const running = (async () => {
      while (!over.signal.aborted) {
        const secret = await read(api, secrets, system, signingKeysSecret)
        const text = Buffer.from(stringAt(secret, 'data', keySetEntry) ?? '', 'base64').toString()
        const body = JSON.stringify({ data: { [keySetEntry]: formatPublicKeys(parseSigningKeys(text)) } })
        const path = objectPath(configMaps, system, publicKeysConfigMap)
        await send(api, { method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
      }
    })()
    return () => {
      over.abort()
      return running
    }
  }

  it('rotate names the hooks that have no new URL in time', async () => {
    const end = publishing(x)
    const { failed, out } = await x.run('keys rotate --settle 0s --timeout 3s')
    await end()
    expect(out).toMatch(/^[\w-]{43} {3}signs\n$/)
    expect(failed).toMatch(/2 hooks still have an old URL\..*:\n {2}shop\/in-secret\n {2}shop\/pasted$/s)
  })

  it('rotate lets no key sign after Ctrl-C', async () => {
    const end = publishing(x)
    const stop = new AbortController()
    const running = x.run('keys rotate --settle 1h', undefined, stop.signal)
    await expect.poll(() => publishedKids(x.api)).toHaveLength(3)
    stop.abort()
    const { exitCode, failed, out } = await running
    await end()
    const [first, second, fresh] = await publishedKids(x.api)
    expect([first, second, out, exitCode]).toEqual([signing.kid, former.kid, '', 130])
    expect(failed).toContain(`the key ${fresh} is published but isn't used for signing`)
    expect(failed).toContain(`keys drop ${fresh}`)
  })

  it('rotate that waits for the controller ends with 130 after Ctrl-C', async () => {
    const { exitCode, failed } = await x.run('keys rotate', undefined, AbortSignal.abort())
    expect(exitCode).toBe(130)
    expect(failed).toContain('no controller has published the keys')
  })
})

it('keys drop says that it does not know pasted URLs without the right to list hooks', async () => {
  const { run } = await setUp(server => ({
    ...server,
    handle: request =>
      request.path.endsWith('/receiverhooks')
        ? { status: 403, headers: {}, body: JSON.stringify({ kind: 'Status', message: 'forbidden' }) }
        : server.handle(request),
  }))
  const { err, failed } = await run(drop, 'n')
  expect(err).toContain('you may not list the hooks in all namespaces')
  expect(failed).toContain('the key was not dropped')
  expect((await run('keys list')).out).toBe(`${signing.kid}   signs\n${former.kid}   verifies only\n`)
})
