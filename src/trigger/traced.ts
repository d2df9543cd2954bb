import { inPart, type Tracing } from '../environment/tracing.ts'
import type { CheckAuth } from './auth.ts'
import type { Authenticate } from './authenticate.ts'
import type { Endpoint } from './endpoint.ts'

/** Returns an endpoint whose posts are traced. */
export const tracedEndpoint = (endpoint: Endpoint, tracing: Tracing | undefined): Endpoint =>
  tracing === undefined
    ? endpoint
    : (request, send) =>
        tracing.post(request.headers['traceparent'], () =>
          endpoint(request, answer => tracing.answer(() => send(answer))),
        )

/** Returns an authentication that begins the trace of a post with a valid token. */
export const tracedAuthenticate = (authenticate: Authenticate, tracing: Tracing | undefined): Authenticate =>
  tracing === undefined
    ? authenticate
    : async token => {
        const found = await authenticate(token)
        if (found.accepted) tracing.admit(found.hook)
        return found
      }

/** Returns a check of `auth` with a span. */
export const tracedAuth = (check: CheckAuth, tracing: Tracing | undefined): CheckAuth =>
  tracing === undefined ? check : (...given) => inPart(tracing, 'auth', () => check(...given))
