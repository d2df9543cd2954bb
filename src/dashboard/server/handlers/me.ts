import type { Me } from '../../protocol.ts'
import type { Handler } from '../context.ts'
import { json } from '../exchange.ts'

/** Says who is signed in; the API server is not asked. */
export const me: Handler = async ({ cluster, namespace, signIn, version }, { session }) =>
  json(200, {
    user: session.user,
    groups: session.groups,
    signIn,
    cluster,
    ...(namespace === undefined ? {} : { namespace }),
    endsAt: session.endsAt,
    tokenEnds: session.tokenEnds,
    version,
  } satisfies Me)
