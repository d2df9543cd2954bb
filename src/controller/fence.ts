import type { ApiConnection } from '../environment/environment.ts'
import { Unreachable } from '../environment/unreachable.ts'

/**
 * A write was not sent because another process may hold the lease. Another attempt is useless until
 * this process holds the lease again.
 */
export class LeaseNotHeld extends Unreachable {
  constructor(request: string) {
    super(`${request}: not sent, the lease was lost`, false)
  }
}

/**
 * Returns a connection for a leader. It reads at any time, but writes only while `holds` returns
 * true. An election alone cannot prevent a late write of a former leader. So each write also
 * carries the version that it is based on.
 */
export const whileLeading = (api: ApiConnection, holds: () => boolean): ApiConnection => ({
  request: request =>
    request.method === 'GET' || holds()
      ? api.request(request)
      : Promise.reject(new LeaseNotHeld(`${request.method} ${request.path}`)),
  watch: (request, stop) => api.watch(request, stop),
})
