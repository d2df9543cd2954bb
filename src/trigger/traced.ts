import type { Tracing } from '../environment/environment.ts'
import type { CheckAuth } from './auth/proof.ts'
import type { Authenticate } from './authenticate.ts'
import type { Endpoint } from './answer.ts'

export const tracedEndpoint = (endpoint: Endpoint, tracing: Tracing | undefined): Endpoint =>
  tracing === undefined
    ? endpoint
    : (request, send) =>
        tracing.post(request.headers['traceparent'], () =>
          endpoint(request, answer => tracing.answer(() => send(answer))),
        )

/**
 * Returns an authentication that begins the trace of a post with a valid token. At a URL with a name,
 * a post has proved nothing yet.
 */
export const tracedAuthenticate = (authenticate: Authenticate, tracing: Tracing | undefined): Authenticate =>
  tracing === undefined
    ? authenticate
    : async address => {
        const found = await authenticate(address)
        if (found.accepted && !address.named) tracing.admit(found.hook)
        return found
      }

/**
 * Returns a check of `auth` with a span. A post that passes it at a URL with a name begins its trace
 * then.
 */
export const tracedAuth = (check: CheckAuth, tracing: Tracing | undefined): CheckAuth =>
  tracing === undefined
    ? check
    : async (hook, ...given) => {
        const checked = await tracing.inSpan('auth', () => check(hook, ...given))
        if ('by' in checked && hook.hasNamedURL) tracing.admit(hook, '/v1/hooks/{namespace}/{name}')
        return checked
      }
