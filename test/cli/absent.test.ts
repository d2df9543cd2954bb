import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { serveHttp } from '../../apiserver/http.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { post } from '../../cli/post.ts'
import { table } from '../../cli/output/table.ts'
import { runProgram } from '../../cli/program.ts'
import { commands } from '../../src/registry.ts'
import { stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { crds } from '../../src/drivers/registry.ts'
import type { ApiConnection, Clock } from '../../src/environment/environment.ts'
import { nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import { send } from '../../src/kube/requests.ts'
import { formatPublicKeys, freshSigningKey } from '../../src/token/keys.ts'
import { controllerLease, keySetEntry, publicKeysConfigMap } from '../../src/token/published.ts'
import { stopPatch } from '../../src/token/stop.ts'
import { servedInMemory } from '../support/in-memory.ts'
import { deployment } from '../support/objects.ts'
import { shell } from '../support/shell.ts'

let server = ''
let api: ApiConnection

let create: Awaited<ReturnType<typeof servedInMemory>>['post']

beforeEach(async () => {
  ;({ api, post: create, url: server } = await servedInMemory({ namespaces: ['shop', 'receiver-hooks'] }))
})

const run = async (line: string, input = '', clock: Clock = nodeClock) => {
  const seen = shell({ clock })
  const typed = { ...seen.shell, input: { ...seen.shell.input, text: () => Promise.resolve(input) } }
  const code = await runProgram({ entries: commands, version: '1', summary: '' }, line.split(' '), typed)
  return { code, err: seen.err(), out: seen.out() }
}

it('inspect-token of nothing asks for a URL', async () => {
  await expect(run(`inspect-token --server ${server}`)).rejects.toThrow('there is nothing to inspect: give the URL')
})

it('get says what no hook has', async () => {
  expect((await run(`get -l app=web -n shop --server ${server}`)).err).toBe(
    'no hook in the namespace shop has app=web\n',
  )
})

it('watch of a hook that is not there fails, and does not wait for it', async () => {
  await expect(run(`watch nosuch -n shop --server ${server}`)).rejects.toThrow(
    'there is no hook nosuch in the namespace shop, which has no hooks or does not exist',
  )
})

it('doctor names the hooks that the installation does not serve', async () => {
  const labels = { 'app.kubernetes.io/name': 'receiver-hooks' }
  const served = async (...args: readonly string[]): Promise<string> => {
    const { spec, ...trigger } = deployment('receiver-hooks-trigger', 1)
    const container = { name: 'trigger', image: 'receiver-hooks:1', args: ['serve', ...args] }
    const template = { ...spec.template, spec: { containers: [container] } }
    const body = { ...trigger, metadata: { ...trigger.metadata, labels }, spec: { ...spec, template } }
    const path = '/apis/apps/v1/namespaces/receiver-hooks/deployments'
    await create(path, body)
    const { out } = await run(`doctor -A --server ${server}`)
    await api.request({ method: 'DELETE', path: `${path}/receiver-hooks-trigger`, lane: 'bulk', timeoutMs: 5000 })
    return /^.*namespaces: .*$/m.exec(out)?.[0] ?? ''
  }
  const spec = { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 } }
  const hook = { apiVersion, kind: hookKind, metadata: { name: 'web-up' }, spec }
  await create(`/apis/${apiVersion}/namespaces/shop/receiverhooks`, hook)
  expect(await served()).toBe('')
  expect(await served('--watch-namespace=shop')).toBe('ok       namespaces: the installation serves the hooks in shop')
  expect(await served('--watch-namespace=yard', '--watch-namespace=$(POD_NAMESPACE)')).toBe(
    'warning  namespaces: the installation serves the hooks in yard, receiver-hooks, but not shop/web-up',
  )
})

it('doctor says that the namespace is not there', async () => {
  const { code, out } = await run(`doctor -n nosuch --server ${server}`)
  expect(code).toBe(1)
  expect(out).toContain('there is no namespace nosuch')
})

it('doctor says that no signing key is published', async () => {
  await create('/api/v1/namespaces/receiver-hooks/configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: publicKeysConfigMap },
    data: { [keySetEntry]: JSON.stringify({ keys: [] }) },
  })
  const { code, out } = await run(`doctor -n shop --server ${server}`)
  expect(code).toBe(1)
  expect(out).toContain('failure  keys: no signing key is published, so no URL works')
})

it('doctor says that a controller leads, whatever time this machine has', async () => {
  await create('/apis/coordination.k8s.io/v1/namespaces/receiver-hooks/leases', {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: controllerLease },
    spec: { holderIdentity: 'pod-a', leaseDurationSeconds: 15, renewTime: rfc3339(nodeClock.now()) },
  })
  const ahead = { ...nodeClock, now: () => nodeClock.now() + 120_000 }
  const { out } = await run(`doctor -n shop --server ${server}`, '', ahead)
  expect(out).toContain('ok       controller: pod-a leads\n')
  expect(out).toMatch(/^warning {2}clock: this machine and the API server are 1\d\d s apart$/m)
})

it('doctor names the namespace of the installation in what there is to do', async () => {
  await create('/api/v1/namespaces', { metadata: { name: 'hooks' } })
  await create('/api/v1/namespaces/hooks/configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: publicKeysConfigMap, annotations: stopPatch({ reason: 'storm', all: false, at: undefined }) },
    data: { [keySetEntry]: formatPublicKeys([freshSigningKey(nodeRandom)]) },
  })
  const labels = { 'app.kubernetes.io/name': 'receiver-hooks' }
  const made = deployment('receiver-hooks', 1)
  await create('/apis/apps/v1/namespaces/hooks/deployments', { ...made, metadata: { ...made.metadata, labels } })
  const { out } = await run(`doctor -n shop --system-namespace hooks --server ${server}`)
  expect(out).toContain(
    'To do: Once the reason no longer applies: kubectl receiverhook start --system-namespace hooks\n',
  )
  expect(out).toContain('To do: kubectl -n hooks describe deployment receiver-hooks says why.\n')
})

it('doctor names hooks with a URL of another installation', async () => {
  const [own, other] = [freshSigningKey(nodeRandom), freshSigningKey(nodeRandom)]
  await create('/api/v1/namespaces/receiver-hooks/configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: publicKeysConfigMap },
    data: { [keySetEntry]: formatPublicKeys([own]) },
  })
  const hooks = '/apis/receiverhooks.dev/v1alpha1/namespaces/shop/receiverhooks'
  for (const [name, { kid }] of [['ours', own] as const, ['theirs', other] as const]) {
    const spec = { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 2 } }
    await create(hooks, { apiVersion: 'receiverhooks.dev/v1alpha1', kind: 'ReceiverHook', metadata: { name }, spec })
    await send(api, {
      method: 'PATCH',
      path: `${hooks}/${name}/status`,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ status: { observedGeneration: 1, minted: { id: 'x', kid, rotation: 0 } } }),
    })
  }
  const { out } = await run(`doctor -n shop --server ${server}`)
  expect(out).toContain(
    'warning  hooks: 1 have a URL signed with a key that is not published in the namespace receiver-hooks: shop/theirs\n',
  )
})

it('doctor asks for a second replica of what answers posts, and not of the page', async () => {
  for (const component of ['trigger', 'dashboard']) {
    const labels = { 'app.kubernetes.io/name': 'receiver-hooks', 'app.kubernetes.io/component': component }
    const made = deployment(`receiver-hooks-${component}`, 1)
    const { template } = made.spec
    await create('/apis/apps/v1/namespaces/receiver-hooks/deployments', {
      ...made,
      metadata: { ...made.metadata, labels },
      spec: { ...made.spec, selector: { matchLabels: labels }, template: { ...template, metadata: { labels } } },
    })
    await send(api, {
      method: 'PATCH',
      path: `/apis/apps/v1/namespaces/receiver-hooks/deployments/receiver-hooks-${component}/status`,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ status: { readyReplicas: 1 } }),
    })
  }
  const { out } = await run(`doctor -n shop --server ${server}`)
  expect(out).toContain('receiver-hooks-trigger: 1 of 1 ready: nothing answers while its node is drained')
  expect(out).toContain('ok       replicas: receiver-hooks-dashboard: 1 of 1 ready\n')
})

it('trigger says that nothing was posted where there is no connection', async () => {
  const gone = await serveHttp(createApiServer({ clock: nodeClock, random: nodeRandom }), { port: 0 })
  await gone.close()
  await expect(post(`${gone.url}/v1/trigger/x`, {}, '', {})).rejects.toThrow(/ECONNREFUSED.*; nothing was posted/)
})

it.each([
  ['not JSON', 'no {', "- is not JSON: expected Rancher's answer to /v1-webhooks/receivers"],
  ['JSON of something else', '{"kind":"List"}', "- lists no receivers: expected Rancher's answer"],
])('import says of %s what it expected', async (_, text, message) => {
  await expect(run('import rancher -', text)).rejects.toThrow(message)
})

it('snippet without a word lists what it can be written for, and asks for the hook by name', async () => {
  const { code, out } = await run('snippet')
  expect(code).toBe(0)
  expect(out).toMatch(/^alertmanager +Alertmanager$/m)
  expect(out).toContain('snippet FOR NAME writes it for a hook.')
  await expect(run('snippet curl')).rejects.toThrow('name the hook as well: snippet curl NAME')
})

it('what is missing on a command line is said in words', async () => {
  await expect(run('keys')).rejects.toThrow(/^ACTION is missing: \w/)
  await expect(run('create')).rejects.toThrow('NAME is missing: the new hook')
})

it.each(['stop', 'stop --reason=', 'stop --reason= --all'])('%s asks for the reason', async line => {
  await expect(run(`${line} --server ${server}`)).rejects.toThrow('say why with --reason')
})

it.each(['get', 'delete --all -y', 'doctor'])('%s refuses an empty namespace', async command => {
  const empty = run(`${command} --server ${server} --namespace=`)
  await expect(empty).rejects.toThrow('--namespace is empty: name a namespace, or leave the flag out')
})

it.each([
  ['import rancher -', 'namespace'],
  ['stop --reason x', 'system-namespace'],
  ['doctor', 'system-namespace'],
  ['dashboard', 'namespace'],
  ['serve', 'namespace'],
  ['serve', 'watch-namespace'],
])('%s refuses an empty --%s', async (command, flag) => {
  await expect(run(`${command} --${flag}=`)).rejects.toThrow(
    `--${flag} is empty: name a namespace, or leave the flag out`,
  )
})

it.each(['localhost:6443', '127.0.0.1:6443', 'ftp://localhost'])(
  'says what an address of an API server is, and not %s',
  async address => {
    await expect(run(`get --server ${address}`)).rejects.toThrow(
      `must be an http or https URL such as https://127.0.0.1:6443, not ${address}`,
    )
  },
)

it('a table that no cutting makes narrow enough is not cut', () => {
  const titles = ['A', 'B', 'C']
  const row = ['a-name-of-20-letters', 'b-name-of-20-letters', 'c-name-of-20-letters']
  const lines = (width: number) => table(titles, [row], (_, text) => text, width)
  expect(lines(40)).toContain('…')
  expect(lines(20)).toContain(row.join(' '))
})

it('doctor on a cluster without the product says so, and nothing else', async () => {
  for (const { name } of crds.map(crd => ({ name: stringAt(crd, 'metadata', 'name') }))) {
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`
    await api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 5000 })
  }
  const { code, out } = await run(`doctor -n shop -o json --server ${server}`)
  expect(code).toBe(1)
  expect(JSON.parse(out)).toEqual([
    {
      about: 'installation',
      is: 'failure',
      message: 'Receiver Hooks is not installed in this cluster',
      todo: expect.stringContaining('/how-to/install/') as unknown,
    },
  ])
})

it('doctor does not take what is not there for a lack of rights', async () => {
  const { out } = await run(`doctor -n shop --server ${server}`)
  expect(out).toContain('keys: it does not exist: ')
  expect(out).not.toMatch(/Ask someone who may/)
})

it('doctor names hooks whose signed posts are good at each other, since they have one Secret', async () => {
  const hmac = (name: string, key = 'secret') => ({
    apiVersion: 'receiverhooks.dev/v1alpha1',
    kind: 'ReceiverHook',
    metadata: { name },
    spec: {
      driver: 'scale',
      scale: { target: { name: 'web' }, action: 'up', max: 10 },
      auth: { hmac: { secretKeyRef: { name: 'github', key }, header: 'X-Hub-Signature-256', prefix: 'sha256=' } },
    },
  })
  for (const hook of [hmac('a'), hmac('b'), hmac('c', 'other')])
    await create('/apis/receiverhooks.dev/v1alpha1/namespaces/shop/receiverhooks', hook)
  const { out } = await run(`doctor -n shop --server ${server}`)
  expect(out).toContain(
    'shop/a, shop/b check signatures with the same secret, so a post signed for one runs all of them\n',
  )
  expect(out).not.toContain('shop/c check')
})

it('describe says how much of a limit is used, and up to which delivery', async () => {
  const path = '/apis/receiverhooks.dev/v1alpha1/namespaces/shop/receiverhooks'
  const limits = [{ most: 2, within: '1h' }]
  await create(path, {
    apiVersion: 'receiverhooks.dev/v1alpha1',
    kind: 'ReceiverHook',
    metadata: { name: 'web-up' },
    spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 }, limits },
  })
  const time = '2026-01-01T00:00:00Z'
  const status = {
    limits: [{ ...limits[0], used: 1, until: '2026-01-01T01:00:00Z' }],
    lastDelivery: { time, sender: 'plain', outcome: 'applied', reason: 'Stepped' },
  }
  const headers = { method: 'PATCH', contentType: 'application/merge-patch+json' } as const
  await send(api, { ...headers, path: `${path}/web-up/status`, body: JSON.stringify({ status }) })
  const { out } = await run(`describe web-up -n shop --server ${server}`)
  expect(out.replaceAll(/\s+/g, ' ')).toMatch(
    /Limits: 2 deliveries within 1h: 1 of 2 used, frees up at \S+ \S+ \S+ \(as of the delivery at \S+ \S+ \S+\)/,
  )
})

describe('while all hooks are stopped', () => {
  const said = 'all hooks have been stopped since 2026-01-01T00:00:00Z: lunch'
  beforeEach(async () => {
    const annotations = stopPatch({ reason: 'lunch', all: false, at: '2026-01-01T00:00:00Z' })
    const data = { [keySetEntry]: formatPublicKeys([freshSigningKey(nodeRandom)]) }
    await create('/api/v1/namespaces/receiver-hooks/configmaps', {
      metadata: { name: publicKeysConfigMap, annotations },
      data,
    })
    await create('/apis/receiverhooks.dev/v1alpha1/namespaces/shop/receiverhooks', {
      apiVersion: 'receiverhooks.dev/v1alpha1',
      kind: 'ReceiverHook',
      metadata: { name: 'web-up' },
      spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 } },
    })
  })

  it('watch says so in a first line', async () => {
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    const seen = shell({ stop: stop.signal })
    const args = ['watch', '-n', 'shop', '--server', server]
    void runProgram({ entries: commands, version: '1', summary: '' }, args, seen.shell)
    await expect.poll(seen.err).toContain('watching the hooks in shop')
    expect(seen.err().split('\n')[0]).toContain(said)
  })

  it.each(['get', 'get web-up', 'describe web-up'])('%s says so in a first line', async line => {
    const { err } = await run(`${line} -n shop --server ${server}`)
    expect(err.split('\n')[0]).toBe(`${said}. To let them run again: receiver-hooks start`)
  })

  it('says nothing of it in an object', async () => {
    expect((await run(`get -o name -n shop --server ${server}`)).err).toBe('')
  })
})

it('a name that no hook has is answered with ten that there are, and how many more', async () => {
  for (let index = 10; index < 23; index++) {
    await create('/apis/receiverhooks.dev/v1alpha1/namespaces/shop/receiverhooks', {
      apiVersion: 'receiverhooks.dev/v1alpha1',
      kind: 'ReceiverHook',
      metadata: { name: `web-${index}` },
      spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 } },
    })
  }
  await expect(run(`get nope -n shop --server ${server}`)).rejects.toThrow(/; it has web-10, .*, web-19 and 3 more$/)
})
