import { expect, inject, it } from 'vitest'
import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { hooks } from '../../src/kube/resources.ts'
import { cluster, type Cluster } from '../support/product.ts'
import { program } from '../support/program.ts'

const hookCount = 200

/** A killed leader's lease lasts this long. */
const leaseExpiryMs = 15_000

const controller = ({ namespace, systemNamespace }: Cluster) =>
  program([
    ...['controller', '--namespace', systemNamespace, '--watch-namespace', namespace],
    ...['--kubeconfig', inject('kubeconfig'), '--public-url', 'https://hooks.example.com'],
    ...['--host', '127.0.0.1', '--operations-port', '0', '--shutdown-delay', '0', '--log-level', 'debug'],
  ])

/** The URL and the version of each hook that has a URL. */
const published = async ({ api, namespace }: Cluster): Promise<Map<string, { url: string; version: string }>> => {
  const list = { method: 'GET', path: collectionPath(hooks, namespace), lane: 'bulk', timeoutMs: 10_000 } as const
  const items = at(parseJson((await api.request(list)).body), 'items')
  const found = (Array.isArray(items) ? items.filter(isObject) : []).flatMap(item => {
    const [name, url] = [stringAt(item, 'metadata', 'name'), stringAt(item, 'status', 'triggerURL')]
    const version = stringAt(item, 'metadata', 'resourceVersion')
    return name !== undefined && url !== undefined && version !== undefined ? [[name, { url, version }] as const] : []
  })
  return new Map(found)
}

it('a controller killed in the middle of minting and started again changes no URL and repeats no write', async () => {
  const here = await cluster()
  await here.createDeployment('web', 1)
  const first = controller(here)
  await first.said(line => (line.includes('"msg":"leading"') ? line : undefined))
  // Killed as soon as some have a URL: the others are created meanwhile.
  const creating = Promise.all(Array.from({ length: hookCount }, (_, index) => here.createHook(`hook-${index}`, {})))
  await here.until(
    () => published(here),
    some => some.size > 0,
  )
  await first.end('SIGKILL')
  await creating
  const before = await published(here)
  expect(before.size).toBeGreaterThan(0)
  expect(before.size).toBeLessThan(hookCount)

  const second = controller(here)
  const after = await here.until(
    () => published(here),
    all => all.size === hookCount,
    leaseExpiryMs + 10_000,
  )
  for (const [name, then] of before) expect(after.get(name)).toEqual(then)

  await second.end('SIGTERM')
  const third = controller(here)
  await third.said(line => (line.includes('"msg":"leading"') ? line : undefined))
  // A change that it must see after everything else: then it has looked at every hook.
  await here.createHook('last', {})
  const all = await here.until(
    () => published(here),
    now => now.has('last'),
  )
  for (const [name, then] of after) expect(all.get(name)).toEqual(then)
  expect(after.size).toBe(hookCount)
}, 60_000)
