import { join } from 'node:path'
import { serviceType } from '../../src/drivers/forward/service.ts'
import { create } from '../../src/kube/requests.ts'
import type { Comparison } from '../row.ts'
import { names, namespace, triggerPathsOf } from '../stage.ts'
import { quantile } from '../stats.ts'

const hooks = 20

/** The port of the Service. */
const port = 8765

/** A post that is passed on to a pod of this machine, which answers at once. */
export const forward: Comparison = {
  kind: 'comparison',
  name: 'forward',
  title: `one named delivery at a time, over ${hooks} hooks that pass it on to a Service`,
  baseline: 'the same post to the pod',
  figures: [
    { key: 'p50', title: 'p50', unit: 'ms' },
    { key: 'requests', title: 'API requests a post, watches apart', unit: '' },
    { key: 'lost', title: 'posts not answered 200', unit: '', reach: { of: 'product', atMost: 0 } },
  ],
  needs: { audit: 'requests' },
  warm: true,
  prepare: async stage => {
    const count = stage.quick ? 20 : 200
    const pod = await stage.pod()
    await create(stage.server.api, serviceType, namespace, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'pods' },
      spec: { selector: { app: 'pods' }, ports: [{ port }] },
    })
    const spec = { driver: 'forward', scale: undefined, forward: { service: { name: 'pods', port } } }
    await stage.hooks(names('passed', hooks), 'up', spec)
    process.env['ROUTE'] = `${port}=${new URL(pod.origin).port}`
    const { origin } = await stage.product(undefined, [], ['--import', join(import.meta.dirname, '../serve/route.ts')])
    const urls = [...(await triggerPathsOf(stage, hooks)).values()].map(path => origin + path)
    const pace = { job: 'post', count, concurrency: 1, body: 'alertmanager' } as const
    return {
      baseline: async () => {
        const { latencies, notes } = await stage.load.run({ ...pace, urls: [pod.origin] })
        return { p50: quantile(latencies, 0.5), lost: count - (notes['200'] ?? 0) }
      },
      product: async () => {
        const before = stage.server.productRequests()
        const { latencies, notes } = await stage.load.run({ ...pace, urls })
        const requests = (stage.server.productRequests() - before) / count
        return { p50: quantile(latencies, 0.5), requests, lost: count - (notes['200 applied'] ?? 0) }
      },
    }
  },
}
