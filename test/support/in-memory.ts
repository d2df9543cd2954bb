import { onTestFinished } from 'vitest'
import { connectInProcess } from '../../apiserver/connection.ts'
import { serveHttp } from '../../apiserver/http.ts'
import { createApiServer, type ApiServer } from '../../apiserver/server.ts'
import { crds } from '../../src/drivers/registry.ts'
import { nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { send } from '../../src/kube/requests.ts'

/**
 * Serves an API server in memory until the test ends, with these kinds and namespaces. Requests to its `url` go
 * through `through`, those of `api` and `post` do not.
 */
export const servedInMemory = async ({
  clock = nodeClock,
  definitions = crds,
  namespaces = ['shop'],
  through = (server: ApiServer): ApiServer => server,
}: {
  readonly clock?: typeof nodeClock
  readonly definitions?: readonly object[] | undefined
  readonly namespaces?: readonly string[]
  readonly through?: ((server: ApiServer) => ApiServer) | undefined
} = {}) => {
  const server = createApiServer({ clock, random: nodeRandom })
  const serving = await serveHttp(through(server), { port: 0 })
  onTestFinished(() => serving.close())
  const api = connectInProcess(server)
  const post = (path: string, object: object) => send(api, { method: 'POST', path, body: JSON.stringify(object) })
  for (const crd of definitions) await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
  for (const name of namespaces) await post('/api/v1/namespaces', { metadata: { name } })
  return { api, post, url: serving.url }
}
