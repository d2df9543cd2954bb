import type { ApiConnection } from '../../../src/environment/environment.ts'
import type { ResourceType } from '../../../src/kube/paths.ts'
import type { Me, Namespaces } from '../../protocol.ts'
import { askList, unlessRefused } from '../api.ts'
import type { Api, Context } from '../context.ts'

const type: ResourceType = { group: '', version: 'v1', resource: 'namespaces', kind: 'Namespace' }

export const userRoutes = (api: Api, context: Context): void => {
  const { cluster, namespace, rights, sessionOf, signIn, version } = context

  // Returns the signed-in user without a request to the API server.
  api.get('/me', (request, response) => {
    const { endsAt, groups, tokenEnds, user } = sessionOf(request)
    response.json({ user, groups, signIn, cluster, namespace, endsAt, tokenEnds, version } satisfies Me)
  })

  // Returns all namespaces. If the user may not list them, returns only the one that the dashboard
  // shows first, or none. The user can type another one.
  api.get('/namespaces', async (request, response) => {
    const known = { names: namespace === undefined ? [] : [namespace], complete: false }
    response.json(await unlessRefused(allNamespaces(sessionOf(request).api), [403], () => known))
  })

  // Returns the user's rights in a namespace. The page disables buttons that need a missing right.
  api.get('/namespaces/:namespace/may', async (request, response) => {
    response.json(await rights.of(sessionOf(request).api, request.params.namespace))
  })
}

const allNamespaces = async (api: ApiConnection): Promise<Namespaces> => {
  const names: string[] = []
  for await (const { metadata } of askList(api, type, undefined, { as: 'metadata list' })) names.push(metadata.name)
  return { names, complete: true }
}
