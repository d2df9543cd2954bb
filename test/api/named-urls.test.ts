import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { rowOf } from '../../dashboard/server/row.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks, secrets } from '../../src/kube/resources.ts'
import { blocksIn, listAt, nameOf, objectsIn } from '../deploy/manifests.ts'
import { commandLine } from '../support/command-line.ts'
import { cluster, post, postUntilDone, product, type Cluster } from '../support/product.ts'

const proof = 'a proof that nobody can guess'
const inPath = 'a-secret-of-thirty-two-characters-at-least'
const entry = (key: string) => ({ secretKeyRef: { name: 'sender', key } })
const byBearer = { auth: { bearer: entry('token') }, token: { url: 'named' } }
const byPath = { auth: { path: { ...entry('path'), previousKey: 'former' } }, token: { url: 'named' } }
const bearer = { headers: { authorization: `Bearer ${proof}` } }

const dataOf = (values: Readonly<Record<string, string | null>>) =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, value && Buffer.from(value).toString('base64')]),
  )

/** Returns a cluster with a Deployment of 2 replicas and the Secret `sender`. */
const prepared = async () => {
  const here = await cluster()
  const { api, namespace } = here
  await here.createDeployment('web', 2)
  const metadata = { name: 'sender' }
  const data = dataOf({ token: proof, path: inPath })
  await create(api, secrets, namespace, { apiVersion: 'v1', kind: 'Secret', metadata, data })
  const put = (values: Readonly<Record<string, string | null>>) =>
    send(api, {
      method: 'PATCH',
      path: objectPath(secrets, namespace, 'sender'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ data: dataOf(values) }),
    })
  const remove = (name: string) =>
    api.request({ method: 'DELETE', path: objectPath(hooks, namespace, name), lane: 'bulk', timeoutMs: 5000 })
  const command = (line: string) => commandLine(here.kubeconfig, [...line.split(' '), '-n', namespace])
  return { ...here, here, command, put, remove }
}

/** Posts until the answer has this status. Changes take effect within two seconds, and a busy machine is slower. */
const postUntil = ({ until }: Cluster, status: number, url: string, init: RequestInit = {}) =>
  until(
    () => post(url, undefined, init),
    posted => posted.status === status,
  )

const readyReason = (hook: unknown): string | undefined =>
  stringAt(
    listAt(hook, 'status', 'conditions').find(condition => at(condition, 'type') === 'Ready'),
    'reason',
  )

describe('a hook whose URL has its name', () => {
  it('has no token, and its proof alone runs it', async () => {
    const { createHook, hook, here, namespace, replicas, url } = await prepared()
    const { triggerPort } = await product(here)
    await createHook('web-up', {}, byBearer)
    const named = await url('web-up')
    expect(named).toBe(`http://127.0.0.1:${triggerPort}/v1/hooks/${namespace}/web-up`)
    const status = at(await hook('web-up'), 'status')
    expect([at(status, 'endpoint'), at(status, 'token'), at(status, 'minted')]).toEqual([named, undefined, undefined])
    expect(await postUntil(here, 200, named, bearer)).toMatchObject({ body: { from: 2, to: 3 } })
    expect(await replicas('web')).toBe(3)
  })

  it('answers as a name of no hook does to a post without the proof', async () => {
    const { createHook, here, url } = await prepared()
    await product(here)
    await createHook('web-up', {}, byBearer)
    const named = await url('web-up')
    await postUntil(here, 200, named, bearer)
    const body = 'x'.repeat(200_000)
    const seen = async (address: string, init: RequestInit) => {
      const { body, headers, status } = await postUntilDone(address, undefined, init)
      return { status, body, headers: Object.fromEntries([...headers].filter(([name]) => name !== 'date')) }
    }
    for (const init of [{}, { headers: { authorization: 'Bearer x' } }, { body }]) {
      const answer = await seen(named, init)
      expect(answer).toMatchObject({ status: 401, body: { reason: 'Unproved' } })
      expect(await seen(`${named}-none`, init)).toEqual(answer)
      expect(await seen(`${named}/${inPath}`, init)).toEqual(answer)
    }
    for (const method of ['GET', 'PUT']) {
      expect(await seen(named, { method })).toEqual(await seen(`${named}-none`, { method }))
    }
    expect(await post(named.replace('web-up', 'Web_Up'), undefined, bearer)).toMatchObject({ status: 404 })
  })

  it('keeps its URL when it is pruned and made again, and in a cluster that was built again', async () => {
    const { createHook, here, namespace, remove, systemNamespace, url } = await prepared()
    const first = await product(here)
    await createHook('web-up', {}, byBearer)
    const named = await url('web-up')
    await postUntil(here, 200, named, bearer)
    await remove('web-up')
    await postUntil(here, 401, named, bearer)
    await createHook('web-up', {}, byBearer)
    await postUntil(here, 200, named, bearer)
    expect(await url('web-up')).toBe(named)
    // An installation with other keys, as in a cluster that was made from Git again.
    await first.stop()
    await remove('web-up')
    const again = `${systemNamespace}-again`
    await send(here.api, {
      method: 'POST',
      path: '/api/v1/namespaces',
      body: JSON.stringify({ metadata: { name: again } }),
    })
    const second = await product({ ...here, systemNamespace: again })
    await createHook('web-up', {}, byBearer)
    const path = `/v1/hooks/${namespace}/web-up`
    await postUntil(here, 200, `http://127.0.0.1:${second.triggerPort}${path}`, bearer)
    expect(new URL(named).pathname).toBe(path)
  })

  it('publishes no token that it had, which works with the proof until the rotation is raised', async () => {
    const { api, createHook, here, hook, namespace, patchHook, until, url } = await prepared()
    await product(here)
    await createHook('web-up', {}, { auth: byBearer.auth, token: { secretName: 'web-up-url' } })
    const held = await until(
      () => read(api, secrets, namespace, 'web-up-url'),
      found => found !== undefined,
    )
    const former = Buffer.from(stringAt(held, 'data', 'url') ?? '', 'base64').toString()
    await patchHook('web-up', { spec: { token: { url: 'named', secretName: null } } })
    const named = await until(
      () => url('web-up'),
      found => found.includes('/v1/hooks/'),
    )
    expect(await read(api, secrets, namespace, 'web-up-url')).toBeUndefined()
    expect(at(await hook('web-up'), 'status', 'minted')).toBeUndefined()
    expect(await postUntilDone(former, undefined, bearer)).toMatchObject({ status: 200 })
    expect(await postUntilDone(former)).toMatchObject({ status: 401 })
    await patchHook('web-up', { spec: { token: { rotation: 1 } } })
    await postUntil(here, 410, former, bearer)
    await postUntil(here, 200, named, bearer)
  })

  it.each<[string, object, string]>([
    ['no auth', { token: { url: 'named' } }, 'spec.auth: Required value'],
    [
      'sns',
      { token: { url: 'named' }, auth: { sns: { topicArn: 'arn:aws:sns:eu-central-1:123456789012:web-load' } } },
      'spec.auth.sns: Forbidden: must not be set while token.url is named',
    ],
    [
      'a Secret for the URL',
      { ...byBearer, token: { url: 'named', secretName: 'web-url' } },
      'spec.token.secretName: Forbidden: must not be set while url is named',
    ],
    [
      'an end',
      { ...byBearer, token: { url: 'named', expiresAfter: '1h' } },
      'spec.token.expiresAfter: Forbidden: must not be set while url is named',
    ],
    ['a token and auth.path', { auth: byPath.auth }, "spec.auth.path: Forbidden: needs a URL with the hook's name"],
  ])('is refused with %s, in words that say what to do', async (_what, spec, message) => {
    const { createHook } = await prepared()
    await expect(createHook('web-up', {}, spec)).rejects.toThrow(message)
  })
})

describe('a hook with a secret in its path', () => {
  it('runs by it and by the former one, and no other place has it', async () => {
    const { command, createHook, here, hook, put, until } = await prepared()
    const { lines } = await product(here)
    await createHook('web-up', { max: 1000 }, byPath)
    const published = await until(
      () => hook('web-up'),
      seen => readyReason(seen) === 'Valid',
    )
    const endpoint = stringAt(published, 'status', 'endpoint') ?? ''
    expect(at(published, 'status', 'triggerURL')).toBeUndefined()
    await postUntil(here, 200, `${endpoint}/${inPath}`)
    const next = `${inPath}-next`
    await put({ path: next, former: inPath })
    await postUntil(here, 200, `${endpoint}/${next}`)
    expect(await postUntilDone(`${endpoint}/${inPath}`)).toMatchObject({ status: 200 })
    await put({ former: null })
    await postUntil(here, 401, `${endpoint}/${inPath}`)
    expect(await postUntilDone(`${endpoint}/${next}`)).toMatchObject({ status: 200 })
    expect(await postUntilDone(endpoint)).toMatchObject({ status: 401 })

    expect(await command('url web-up')).toMatchObject({ code: 0, stdout: `${endpoint}/${next}\n` })
    expect((await command('snippet curl web-up --bare')).stdout).toContain(`${endpoint}/${next}`)
    expect((await command('trigger web-up --dry-run')).stdout).toContain('would go from')
    const described = await command('describe web-up')
    expect(described.stdout).toContain('[not shown: kubectl receiverhook url web-up]')
    expect([described.stdout, JSON.stringify(await hook('web-up')), ...lines].join('\n')).not.toContain(inPath)
  })

  it('is Stalled and answers 401 while its Secret has a weak value', async () => {
    const { createHook, here, hook, put, until } = await prepared()
    await product(here)
    await put({ path: 'too-short' })
    await createHook('web-up', { max: 1000 }, byPath)
    const stalled = await until(
      () => hook('web-up'),
      seen => readyReason(seen) === 'AuthSecretWeak',
    )
    const conditions = listAt(stalled, 'status', 'conditions')
    expect(conditions.map(condition => at(condition, 'type'))).toContain('Stalled')
    expect(JSON.stringify(conditions)).not.toContain('too-short')
    const endpoint = stringAt(stalled, 'status', 'endpoint') ?? ''
    expect(await postUntilDone(`${endpoint}/too-short`)).toMatchObject({ status: 401, body: { reason: 'Unproved' } })
    await put({ path: inPath })
    await postUntil(here, 200, `${endpoint}/${inPath}`)
  })
})

it('the list of the page says where the URLs of such hooks are', async () => {
  const { createHook, here, hook, url } = await prepared()
  await product(here)
  await createHook('by-bearer', {}, byBearer)
  await createHook('by-path', {}, byPath)
  for (const [name, place] of [
    ['by-bearer', 'named'],
    ['by-path', 'secret'],
  ] as const) {
    await url(name)
    const found = await hook(name)
    if (!found) throw new Error('there is no such hook')
    expect(rowOf(found).url).toBe(place)
  }
})

it('the command line says that the URL is no secret, and what rotating it does', async () => {
  const { command, createHook, here, url } = await prepared()
  await product(here)
  await createHook('web-up', {}, byBearer)
  const named = await url('web-up')
  expect((await command('describe web-up')).stdout).toContain(`${named}, which contains the hook's name, not a token`)
  expect(await command('url web-up')).toMatchObject({ stdout: `${named}\n` })
  expect((await command('rotate web-up')).stderr).toContain('web-up keeps its URL')
  const snippet = (await command('snippet alertmanager web-up --bare')).stdout
  expect(snippet).toContain(`url: ${named}\n`)
  expect(snippet).toContain('credentials_file')
})

it('inspect-token says of such a URL whether there is a hook, and what opens it', async () => {
  const { command, createHook, here, hook, url } = await prepared()
  await product(here)
  await createHook('web-up', {}, byBearer)
  await createHook('by-path', {}, { ...byPath, suspend: true })
  await createHook('by-token', {})
  const named = await url('web-up')
  await here.until(
    () => hook('by-path'),
    seen => stringAt(seen, 'status', 'endpoint') !== undefined,
  )
  const of = (name: string): string => named.replace('web-up', name)
  const hookLine = (name: string): string => `Hook:     ${here.namespace}/${name}\n`
  for (const [address, code, said] of [
    [named, 0, `${hookLine('web-up')}Accepted: yes: if the post has what auth.bearer asks for\n`],
    [`${named}?dryRun=true`, 0, 'yes: if the post has what auth.bearer asks for'],
    [`${of('by-path')}/${inPath}`, 0, 'yes: if the end of the URL is the secret of auth.path. The hook is suspended'],
    [of('by-path'), 1, 'no: the secret of auth.path is missing at its end: a post to it gets 401'],
    [`${named}/${inPath}`, 1, 'no: it has something after the name'],
    [of('none'), 1, 'no: there is no such hook: a post to it gets 401'],
    [of('by-token'), 1, "no: this hook's URL has a token, not its name"],
  ] as const) {
    const shown = await command(`inspect-token ${address}`)
    expect([address, shown.code]).toEqual([address, code])
    expect(shown.stdout).toContain(said)
    expect(shown.stdout).not.toContain(inPath)
  }
  expect(JSON.parse((await command(`inspect-token ${named} -o json`)).stdout)).toEqual({
    namespace: here.namespace,
    name: 'web-up',
    taken: true,
    why: 'if the post has what auth.bearer asks for',
  })
})

it('the page makes hooks that its posts run', async () => {
  const page = 'docs/how-to/authenticate-senders.md#use-a-url-without-a-secret'
  const here = await cluster()
  await here.createDeployment('web', 2)
  await product(here)
  const made = new Map<string, string>()
  for (const line of blocksIn(page, 'console').flatMap(block => block.trim().split('\n'))) {
    const [, name = '', key = ''] =
      / create secret generic (\S+) --from-literal=(\w+)="\$\(openssl rand -hex 32\)"$/.exec(line) ?? []
    const value = randomBytes(32).toString('hex')
    made.set(name, value)
    const data = dataOf({ [key]: value })
    await create(here.api, secrets, here.namespace, { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data })
  }
  const manifests = blocksIn(page, 'yaml').flatMap(objectsIn)
  for (const manifest of manifests) {
    const metadata = { name: nameOf(manifest) }
    await create(here.api, hooks, here.namespace, { apiVersion, kind: hookKind, metadata, spec: at(manifest, 'spec') })
  }
  expect([manifests.map(nameOf), [...made.keys()]]).toEqual([
    ['web-up', 'on-push'],
    ['alerts', 'registry'],
  ])
  const named = await here.url('web-up')
  const authorization = `Bearer ${made.get('alerts')}`
  await postUntil(here, 200, named, { headers: { authorization } })
  await postUntil(here, 200, `${named.replace('web-up', 'on-push')}/${made.get('registry')}`)
})
