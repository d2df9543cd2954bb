import type { ResourceType } from '../../../src/kube/paths.ts'
import type { Namespaces } from '../../protocol.ts'
import { askList, ApiRefused } from '../api.ts'
import type { Api, Context } from '../context.ts'

const type: ResourceType = { group: '', version: 'v1', resource: 'namespaces', kind: 'Namespace' }

export const namespaceRoutes = (api: Api, { namespace, rights, sessionOf }: Context): void => {
  // Returns all namespaces. If the user may not list them, returns only the one that the dashboard
  // shows first, or none. The user can type another one.
  api.get('/namespaces', async (request, response) => {
    try {
      const names: string[] = []
      for await (const { metadata } of askList(sessionOf(request).api, type, undefined, { as: 'metadata list' }))
        names.push(metadata.name)
      response.json({ names, complete: true } satisfies Namespaces)
    } catch (error) {
      if (!(error instanceof ApiRefused) || error.status !== 403) throw error
      response.json({ names: namespace === undefined ? [] : [namespace], complete: false } satisfies Namespaces)
    }
  })

  // Returns the user's rights in a namespace. The page disables buttons that need a missing right.
  api.get('/namespaces/:namespace/may', async (request, response) => {
    response.json(await rights.of(sessionOf(request).api, request.params.namespace))
  })
}
