import type { Me } from '../../protocol.ts'
import type { Api, Context } from '../context.ts'

export const meRoutes = (api: Api, { cluster, namespace, sessionOf, signIn, version }: Context): void => {
  // Returns the signed-in user without a request to the API server.
  api.get('/me', (request, response) => {
    const { endsAt, groups, tokenEnds, user } = sessionOf(request)
    response.json({ user, groups, signIn, cluster, namespace, endsAt, tokenEnds, version } satisfies Me)
  })
}
