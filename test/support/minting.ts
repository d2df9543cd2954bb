import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { hooks } from '../../src/kube/resources.ts'
import type { Cluster } from './product.ts'
import { program, type Program } from './program.ts'

/** Returns a controller in a process of its own. */
export const controller = ({ kubeconfig, namespace, systemNamespace }: Cluster): Program =>
  program([
    ...['serve', 'controller', '--namespace', systemNamespace, '--watch-namespace', namespace],
    ...['--kubeconfig', kubeconfig, '--public-url', 'https://hooks.example.com'],
    ...['--host', '127.0.0.1', '--operations-port', '0', '--shutdown-delay', '0', '--log-level', 'debug'],
  ])

/** Resolves when a controller has said this, as in `leading`. */
export const says = async ({ said }: Program, message: string): Promise<void> =>
  void (await said(line => (line.includes(`"msg":"${message}"`) ? line : undefined)))

/** A killed leader's lease lasts this long, in milliseconds. */
export const leaseExpiryMs = 15_000

/** Returns the URL and the version of each hook that has a URL. */
export const published = async ({
  api,
  namespace,
}: Cluster): Promise<Map<string, { url: string; version: string }>> => {
  const list = { method: 'GET', path: collectionPath(hooks, namespace), lane: 'bulk', timeoutMs: 10_000 } as const
  const items = at(parseJson((await api.request(list)).body), 'items')
  const found = (Array.isArray(items) ? items.filter(isObject) : []).flatMap(item => {
    const [name, url] = [stringAt(item, 'metadata', 'name'), stringAt(item, 'status', 'triggerURL')]
    const version = stringAt(item, 'metadata', 'resourceVersion')
    return name !== undefined && url !== undefined && version !== undefined ? [[name, { url, version }] as const] : []
  })
  return new Map(found)
}
