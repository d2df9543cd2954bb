import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { blockWith } from '../deploy/manifests.ts'
import { until } from '../support/product.ts'
import { ours, podsOf, postToService, rolledOut, serviceIP } from './installed.ts'
import { openShop } from './shop.ts'
import { succeed } from './support.ts'

/** The page on many replicas as somebody follows it: Debian's nginx with its configuration, before the installed triggers. */
const page = 'docs/how-to/operate.md#let-all-posts-of-a-hook-arrive-at-one-replica'

/** So many hooks that not all of them are at one replica by chance. */
const hooks = Array.from({ length: 24 }, (_, index) => `web-${index}`)

const postsToEach = 3

beforeAll(async () => {
  await succeed('kubectl apply -k deploy/kustomize/base')
  await rolledOut()
})

/** Makes hooks on the Deployment of a new shop. Returns the tokens of their URLs, by name, and the shop's namespace. */
const openHooks = async (): Promise<{ readonly namespace: string; readonly tokens: ReadonlyMap<string, string> }> => {
  const { namespace } = await openShop({ max: 1_000_000, pods: false })
  const spec = { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 1_000_000 } }
  const items = hooks.map(name => ({
    apiVersion: 'receiverhooks.dev/v1alpha1',
    kind: 'ReceiverHook',
    metadata: { name, namespace },
    spec,
  }))
  await succeed('kubectl apply -f -', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  await succeed(`kubectl -n ${namespace} wait --for=condition=Ready receiverhooks --all --timeout=100s`)
  const template = '{{range .items}}{{.metadata.name}} {{.status.triggerURL}}{{"\\n"}}{{end}}'
  const lines = await succeed(`kubectl -n ${namespace} get receiverhooks -o go-template='${template}'`)
  const found = lines.split('\n').map(line => line.split(' '))
  return { namespace, tokens: new Map(found.map(([name = '', url = '']) => [name, url.split('/').at(-1) ?? ''])) }
}

const podIP = (pod: string): Promise<string> => succeed(`${ours} get pod ${pod} -o jsonpath='{.status.podIP}'`)

/** Returns how many posts to each hook of a namespace have arrived at a pod, as its metrics say. */
const arrivedAt = async (pod: string, namespace: string): Promise<ReadonlyMap<string, number>> => {
  const metrics = await (await fetch(`http://${await podIP(pod)}:8081/metrics`)).text()
  const line = new RegExp(
    `^receiverhooks_deliveries_total\\{namespace="${namespace}",hook="([^"]+)".*\\} (\\d+)$`,
    'gm',
  )
  const counts = new Map<string, number>()
  for (const [, hook = '', count] of metrics.matchAll(line)) counts.set(hook, (counts.get(hook) ?? 0) + Number(count))
  return counts
}

const arrived = async (namespace: string): Promise<readonly ReadonlyMap<string, number>[]> =>
  await Promise.all((await podsOf('trigger')).map(pod => arrivedAt(pod, namespace)))

/** Starts nginx with the page's configuration, before the triggers' pods. Returns where it listens. */
const startNginx = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-nginx-'))
  const servers = await Promise.all(
    (await podsOf('trigger')).map(async pod => `    server ${await podIP(pod)}:8080;\n`),
  )
  const shown = blockWith(page, 'nginx', 'consistent')
    .replace(/(?: +server 10\..*\n)+/, servers.join(''))
    .replace('listen 80;', 'listen 127.0.0.1:8970;')
  const config = join(folder, 'nginx.conf')
  const around = `daemon off;\npid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\n${shown}\n}\n`
  await writeFile(config, around)
  const nginx = spawn('nginx', ['-p', folder, '-c', config, '-e', 'stderr'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const ended = new Promise(resolve => nginx.on('close', resolve))
  onTestFinished(async () => {
    nginx.kill('SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true })
  })
  return 'http://127.0.0.1:8970'
}

it('nginx with the configuration of the page lets all posts of a hook arrive at one replica, with its token in the path or in a header', async () => {
  const { namespace, tokens } = await openHooks()
  const origin = await startNginx()
  for (const [index, name] of hooks.entries()) {
    const token = tokens.get(name) ?? ''
    // With the token in the path, a sender may show another proof each time.
    const post = (sent: number) =>
      index % 2 === 0
        ? postToService(`${origin}/v1/trigger/${token}`, undefined, { headers: { authorization: `Bearer ${sent}` } })
        : postToService(`${origin}/v1/trigger`, undefined, { headers: { authorization: `Bearer ${token}` } })
    for (let sent = 0; sent < postsToEach; sent += 1) expect(await post(sent)).toMatchObject({ status: 200 })
  }
  const counts = await arrived(namespace)
  expect(counts.map(({ size }) => size > 0)).toEqual([true, true])
  expect(hooks.map(name => counts.filter(each => each.has(name)).length)).toEqual(hooks.map(() => 1))
})

it('the Service lets all posts of a sender arrive at one replica, once it is patched as the page says', async () => {
  onTestFinished(async () => {
    await succeed(`${ours} patch service receiver-hooks-trigger --patch '{"spec":{"sessionAffinity":"None"}}'`)
  })
  await succeed(blockWith(page, 'console', 'sessionAffinity'))
  const { namespace, tokens } = await openHooks()
  const origin = `http://${await serviceIP()}`
  /** Posts to each hook on a connection of its own. Returns how many replicas took one. */
  const round = async (): Promise<number> => {
    const totals = async () => (await arrived(namespace)).map(each => [...each.values()].reduce((sum, n) => sum + n, 0))
    const before = await totals()
    for (const name of hooks) {
      const url = `${origin}/v1/trigger/${tokens.get(name) ?? ''}`
      expect(await postToService(url, undefined, { headers: { connection: 'close' } })).toMatchObject({ status: 200 })
    }
    return (await totals()).filter((total, index) => total > (before[index] ?? 0)).length
  }
  // kube-proxy learns of the patch a moment later.
  expect(await until(round, replicas => replicas === 1)).toBe(1)
})
