/**
 * The in-memory API server in a process of its own. Arguments: where to write a log as the audit log of a real one has it, or
 * nothing; whether "writes" or all "requests" are in it; and "workloads" where Deployments are to get ready. Prints its URL.
 */
import { appendFileSync } from 'node:fs'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { serveHttp } from '../../apiserver/http.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { nodeClock, nodeRandom } from '../../src/environment/node.ts'

const [auditLog = '', logged = '', workloads = ''] = process.argv.slice(2)
const server = createApiServer({ clock: nodeClock, random: nodeRandom })
let requests = 0
let bytes = 0

/** Returns the metrics of a real one and its etcd that rows read. */
const metrics = (): string =>
  `apiserver_request_total{resource="deployments"} ${requests}\netcd_debugging_mvcc_total_put_size_in_bytes ${bytes}\n`

const audited: typeof server = {
  ...server,
  handle: request => {
    if (request.path === '/metrics') return { status: 200, headers: {}, body: metrics() }
    requests += 1
    if (auditLog !== '' && (logged === 'requests' || request.method !== 'GET')) {
      const { method: verb, path: requestURI, userAgent } = request
      appendFileSync(auditLog, `${JSON.stringify({ verb, requestURI, userAgent })}\n`)
    }
    const response = server.handle(request)
    if (request.method !== 'GET' && response.status < 300) bytes += (request.body ?? '').length
    return response
  },
}

/** Reports all replicas of a Deployment as ready, a moment after its count has changed. */
const makeReady = (line: string): void => {
  const object = at(parseJson(line), 'object')
  const replicas = at(object, 'spec', 'replicas') ?? 1
  if (replicas === (at(object, 'status', 'readyReplicas') ?? 0)) return
  const [namespace, name] = ['namespace', 'name'].map(member => stringAt(object, 'metadata', member))
  setImmediate(() => {
    server.handle({
      method: 'PATCH',
      path: `/apis/apps/v1/namespaces/${namespace}/deployments/${name}/status`,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ status: { replicas, readyReplicas: replicas, availableReplicas: replicas } }),
    })
  })
}

if (workloads !== '') {
  server.watch(
    { method: 'GET', path: '/apis/apps/v1/deployments', query: { watch: 'true', timeoutSeconds: '86400' } },
    { line: makeReady, end: () => undefined },
  )
}
const { url } = await serveHttp(audited, { port: 0 })
console.log(url)
